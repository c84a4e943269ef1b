import type { OTPVerification } from '../sendEmailOTP.js';
import type { Core } from './core.js';
import type { Session } from './state.js';

/** Remembers a code that was sent, until it is typed in. */
export const pend = async (
  core: Core,
  within: Session | null,
  verification: OTPVerification,
  requestedScopes: readonly string[] | undefined,
  changes = false,
): Promise<OTPVerification> => {
  await core.update((state) => {
    if (within && state.session?.sessionId !== within.sessionId) return; // nobody else types it in
    state.code = { verification, requestedScopes: requestedScopes ?? [], changes };
  });
  return verification;
};
