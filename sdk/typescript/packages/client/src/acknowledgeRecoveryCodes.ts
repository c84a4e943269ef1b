import { updateUser } from './updateUser.js';
import type { StepUpClient } from './internal/client.js';

/**
 * Says that the user has kept the recovery codes. They are shown no more, and onboarding is complete.
 *
 * @throws UserNotAuthenticatedError if nobody is signed in.
 * @example
 * ```ts
 * import { acknowledgeRecoveryCodes, isPendingRecoveryCodesAcknowledgment } from '@stepup-auth/client';
 *
 * if (isPendingRecoveryCodesAcknowledgment()) await acknowledgeRecoveryCodes();
 * ```
 */
export const acknowledgeRecoveryCodes = async (client?: StepUpClient): Promise<void> => {
  await updateUser({ userFields: { mfaBackupCodeAcknowledgement: 'complete' } }, client);
};
