'use client';
import { useMemo } from 'react';
import { mfaCallsOf, type UseMfa } from './internal/mfaCalls.js';
import { useStepUpClient } from './useStepUpClient.js';

export type { AuthenticateDeviceParams, UseMfa } from './internal/mfaCalls.js';

/**
 * Second factors of the user. The functions stay the same while the client does, and may be destructured.
 *
 * @throws NoClientError outside of a provider.
 * @example
 * ```tsx
 * import { useMfa } from '@stepup-auth/react';
 *
 * export const Prove = ({ code }: { code: string }) => {
 *   const { authenticateDevice } = useMfa();
 *   return <button onClick={() => void authenticateDevice({ code, createMfaToken: { singleUse: true } })}>It is me</button>;
 * };
 * ```
 */
export const useMfa = (): UseMfa => {
  const client = useStepUpClient();
  return useMemo(() => mfaCallsOf(client), [client]);
};
