'use client';
import { type LegacyMfaOptions, registerPasskey, type VerifyResponse } from '@stepup-auth/client';
import { useCallback } from 'react';
import { useStepUpClient } from './useStepUpClient.js';

/**
 * A function that makes a passkey. It needs a token for `credential:link`, and rejects with StepUpRequiredError without one.
 *
 * @throws NoClientError outside of a provider.
 * @example
 * ```tsx
 * import { useRegisterPasskey, useStepUp } from '@stepup-auth/react';
 *
 * export const Add = () => {
 *   const registerPasskey = useRegisterPasskey();
 *   const add = useStepUp(() => registerPasskey(), { scope: 'credential:link' });
 *   return <button onClick={() => void add.run()}>Add a passkey</button>;
 * };
 * ```
 */
export const useRegisterPasskey = (): ((options?: LegacyMfaOptions) => Promise<VerifyResponse>) => {
  const client = useStepUpClient();
  return useCallback((options) => registerPasskey(options, client), [client]);
};
