'use client';
import { type CreateMfaTokenOption, promptMfaAuth, promptStepUpAuth, type Scope } from '@stepup-auth/client';
import { useCallback } from 'react';
import { useStepUpClient } from './useStepUpClient.js';

export interface PromptMfaAuthParams {
  /** Legacy: what kind of token of action-based MFA; by default one that works once. */
  createMfaToken?: CreateMfaTokenOption;
  /** What it proves, in place of the above. */
  requestedScopes?: readonly Scope[];
}

/**
 * Legacy: a function that asks for a second factor with the registered prompt, and resolves with the token that it made. Use
 * `useStepUpAuthentication().promptMfa`.
 *
 * @throws NoClientError outside of a provider.
 * @example
 * ```tsx
 * import { usePromptMfaAuth } from '@stepup-auth/react';
 *
 * export const Prove = () => {
 *   const promptMfaAuth = usePromptMfaAuth();
 *   return <button onClick={() => void promptMfaAuth({ createMfaToken: true })}>It is me</button>;
 * };
 * ```
 */
export const usePromptMfaAuth = (): ((params?: PromptMfaAuthParams) => Promise<string>) => {
  const client = useStepUpClient();
  return useCallback(
    ({ createMfaToken, requestedScopes } = {}) =>
      requestedScopes?.length
        ? promptStepUpAuth({ requestedScopes, methods: 'mfa' }, client)
        : promptMfaAuth({ createMfaToken }, client),
    [client],
  );
};
