'use client';
import { authenticatePasskeyMFA, type AuthenticatePasskeyMFAParams, type VerifyResponse } from '@stepup-auth/client';
import { useCallback } from 'react';
import { useStepUpClient } from './useStepUpClient.js';

/**
 * Legacy: a function that proves with a passkey that it is the user, with `createMfaToken` or `requestedScopes`. Use
 * `useStepUpAuthentication().verifyPasskeyMfa`.
 *
 * @throws NoClientError outside of a provider.
 * @example
 * ```tsx
 * import { useAuthenticatePasskeyMFA } from '@stepup-auth/react';
 *
 * export const Prove = () => {
 *   const authenticatePasskeyMFA = useAuthenticatePasskeyMFA();
 *   return <button onClick={() => void authenticatePasskeyMFA({ createMfaToken: { singleUse: true } })}>It is me</button>;
 * };
 * ```
 */
export const useAuthenticatePasskeyMFA = (): ((params?: AuthenticatePasskeyMFAParams) => Promise<VerifyResponse>) => {
  const client = useStepUpClient();
  return useCallback((params) => authenticatePasskeyMFA(params, client), [client]);
};
