import {
  authenticateMfaRecoveryCode,
  createNewMfaRecoveryCodes,
  isMfaRequiredForAction,
  isPendingRecoveryCodesAcknowledgment,
  type LegacyMfaOptions,
  type MFAAction,
  type StepUpClient,
} from '@stepup-auth/client';
import { mfaCallsOf, type UseMfa } from '@stepup-auth/react/calls';

export interface MfaModule extends Omit<UseMfa, 'authDevice' | 'authRecoveryCode'> {
  /** Legacy: whether an action of action-based MFA asks for a factor. Use `stepUpAuth.isStepUpRequired`. */
  isRequiredForAction(params: { mfaAction: MFAAction }): Promise<boolean>;
  /** New recovery codes in place of all others. */
  getNewRecoveryCodes(): Promise<string[]>;
  /** Legacy: proves with a recovery code that it is the user. Use `stepUpAuth.verifyRecoveryCode`. */
  authenticateRecoveryCode(params: { code: string } & LegacyMfaOptions): Promise<string | undefined>;
  isPendingRecoveryCodesAcknowledgment(): boolean;
}

export const mfaOf = (client: StepUpClient): MfaModule => {
  const { authDevice: _, authRecoveryCode: __, ...calls } = mfaCallsOf(client);
  return {
    ...calls,
    isRequiredForAction: (params) => isMfaRequiredForAction(params, client),
    getNewRecoveryCodes: async () => (await createNewMfaRecoveryCodes(client)).recoveryCodes,
    authenticateRecoveryCode: async (params) => (await authenticateMfaRecoveryCode(params, client)).mfaToken,
    isPendingRecoveryCodesAcknowledgment: () => isPendingRecoveryCodesAcknowledgment(client),
  };
};
