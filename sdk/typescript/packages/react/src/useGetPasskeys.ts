'use client';
import { getPasskeys, type UserPasskey } from '@stepup-auth/client';
import { useCallback } from 'react';
import { useStepUpClient } from './useStepUpClient.js';

/**
 * A function that answers the user's passkeys.
 *
 * @throws NoClientError outside of a provider.
 * @example
 * ```tsx
 * import { useGetPasskeys } from '@stepup-auth/react';
 *
 * export const Count = () => {
 *   const getPasskeys = useGetPasskeys();
 *   return <button onClick={async () => console.log((await getPasskeys()).length)}>How many?</button>;
 * };
 * ```
 */
export const useGetPasskeys = (): (() => Promise<UserPasskey[]>) => {
  const client = useStepUpClient();
  return useCallback(() => getPasskeys(client), [client]);
};
