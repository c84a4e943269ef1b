'use client';
import { isPendingRecoveryCodesAcknowledgment, isUserMissingMfaAuth } from '@stepup-auth/client';
import { useEffect } from 'react';
import { useLatest } from './internal/useLatest.js';
import { useSession } from './useSession.js';
import { useStepUpClient } from './useStepUpClient.js';

export interface UseSyncMfaFlowParams {
  /** Shows what the user has to do now: give or enrol a second factor, or keep the recovery codes. */
  handler: () => void | Promise<void>;
}

/**
 * Legacy: calls a handler when the signed-in user owes a second factor, or still has to keep the recovery codes; once when it becomes so,
 * and again when the one gives way to the other. `isUserMissingMfaAuth` and `isPendingRecoveryCodesAcknowledgment` of
 * `@stepup-auth/client` tell it which.
 *
 * @throws NoClientError outside of a provider.
 * @example
 * ```tsx
 * import { isUserMissingMfaAuth } from '@stepup-auth/client';
 * import { useSyncMfaFlow } from '@stepup-auth/react';
 * import { useState } from 'react';
 *
 * export const SecondFactor = () => {
 *   const [view, setView] = useState<'code' | 'recovery' | null>(null);
 *   useSyncMfaFlow({ handler: () => setView(isUserMissingMfaAuth() ? 'code' : 'recovery') });
 *   return view && <p>{view === 'code' ? 'The code of your app' : 'Keep these codes'}</p>;
 * };
 * ```
 */
export const useSyncMfaFlow = ({ handler }: UseSyncMfaFlowParams): void => {
  const client = useStepUpClient();
  const { user } = useSession();
  const latest = useLatest(handler);
  const owed = user && (isUserMissingMfaAuth(client) ? 'factor' : isPendingRecoveryCodesAcknowledgment(client) ? 'codes' : null);
  const sessionId = user?.sessionId;
  useEffect(() => {
    if (owed) void latest.current();
  }, [owed, sessionId, latest]);
};
