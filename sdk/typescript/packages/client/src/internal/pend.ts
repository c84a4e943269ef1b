import type { OTPVerification } from '../sendEmailOTP.js';
import type { Core } from './core.js';

/** Remembers a code that was sent, until it is typed in. */
export const pend = async (
  core: Core,
  verification: OTPVerification,
  requestedScopes: readonly string[] | undefined,
  changes = false,
): Promise<OTPVerification> => {
  await core.update((state) => {
    state.code = { verification, requestedScopes: requestedScopes ?? [], changes };
  });
  return verification;
};
