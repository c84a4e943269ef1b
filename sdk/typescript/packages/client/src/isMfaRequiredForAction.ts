import type { MFAAction } from '@stepup-auth/core';
import { mfaMethods } from './internal/mfaMethods.js';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { isActionOn } from './internal/settings.js';

/**
 * Legacy: whether action-based MFA wants a token for an action, which is when the environment has it on and the user has a second
 * factor, or must have one. Ask `checkStepUpAuth({ scope })` instead.
 *
 * @throws NetworkError, ServerUnavailableError if it cannot be found out, UserNotAuthenticatedError if nobody is signed in.
 * @example
 * ```ts
 * import { authenticateTotpMfaDevice, isMfaRequiredForAction, MFAAction } from '@stepup-auth/client';
 *
 * if (await isMfaRequiredForAction({ mfaAction: MFAAction.WalletWaasExport })) {
 *   await authenticateTotpMfaDevice({ code: '123456', createMfaTokenOptions: { singleUse: true } });
 * }
 * ```
 */
export const isMfaRequiredForAction = async ({ mfaAction }: { mfaAction: MFAAction }, client?: StepUpClient): Promise<boolean> => {
  const begun = await begin(client, 'required');
  const { settings } = begun.core;
  if (!isActionOn(settings, mfaAction)) return false;
  return settings?.security.mfa?.required === true || (await mfaMethods(begun)).userHasVerifiedMfaMethods;
};
