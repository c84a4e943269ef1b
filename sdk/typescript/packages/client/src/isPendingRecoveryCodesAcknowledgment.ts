import { clientOrDefault, type StepUpClient } from './internal/client.js';

/**
 * Whether the user still has to keep the recovery codes, as far as the client knows without asking.
 *
 * @throws NoClientError without a client.
 * @example
 * ```ts
 * import { getMfaRecoveryCodes, isPendingRecoveryCodesAcknowledgment } from '@stepup-auth/client';
 *
 * if (isPendingRecoveryCodesAcknowledgment()) console.log((await getMfaRecoveryCodes()).recoveryCodes);
 * ```
 */
export const isPendingRecoveryCodesAcknowledgment = (client?: StepUpClient): boolean =>
  clientOrDefault(client).user?.mfaBackupCodeAcknowledgement === 'pending';
