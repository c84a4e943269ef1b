'use client';
import { initializeClient } from '@stepup-auth/client';
import { useCallback } from 'react';
import { useStepUpClient } from './useStepUpClient.js';

/**
 * Legacy: a function that answers the token of action-based MFA that is held, if one is. Calls attach it by themselves.
 *
 * @throws NoClientError outside of a provider.
 * @example
 * ```tsx
 * import { useGetMfaToken } from '@stepup-auth/react';
 *
 * export const Ask = () => {
 *   const getMfaToken = useGetMfaToken();
 *   return <button onClick={async () => console.log((await getMfaToken()) !== undefined)}>Is one held?</button>;
 * };
 * ```
 */
export const useGetMfaToken = (): (() => Promise<string | undefined>) => {
  const client = useStepUpClient();
  return useCallback(async () => {
    await initializeClient(client);
    return client.mfaToken ?? undefined;
  }, [client]);
};
