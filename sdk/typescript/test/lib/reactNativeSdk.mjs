// The functions of @stepup-auth/client, as far as the client object of @stepup-auth/react-native has them: each by way of its module.
import * as sdk from '@stepup-auth/client';
import { createClient } from '@stepup-auth/react-native';

const scoped = (params, inModule, otherwise) => (params?.requestedScopes?.length ? inModule : otherwise)(params);

export const reactNativeSdk = {
  ...sdk,
  createStepUpClient: createClient,
  checkStepUpAuth: (params, { stepUpAuth }) => stepUpAuth.checkStepUpAuth(params),
  promptStepUpAuth: (params, { stepUpAuth }) => stepUpAuth.promptStepUpAuth(params),
  authenticateTotpMfaDevice: async (params, client) => {
    const { stepUpAuth, mfa } = client;
    if (params.deviceId !== undefined) return sdk.authenticateTotpMfaDevice(params, client);
    return scoped(params, stepUpAuth.verifyTotpMfa, async (legacy) => ({ mfaToken: await mfa.authenticateDevice(legacy) }));
  },
  authenticateMfaRecoveryCode: (params, { stepUpAuth, mfa }) => scoped(params, stepUpAuth.verifyRecoveryCode, mfa.authenticateRecoveryCode),
  authenticatePasskeyMFA: (params, { stepUpAuth, passkeys }) => scoped(params, stepUpAuth.verifyPasskeyMfa, passkeys.authenticateMFA),
  verifyOTP: (params, client) => scoped(params, client.stepUpAuth.verifyOtp, () => sdk.verifyOTP(params, client)),
  verifyWalletAccount: (params, { stepUpAuth, auth }) => scoped(params, stepUpAuth.verifyWallet, auth.wallet.connect),
  signInWithSocialPopUp: (params, { stepUpAuth, auth }) => scoped(params, stepUpAuth.verifySocial, auth.social.connect),
  signInWithExternalJwt: (params, { auth }) => auth.externalAuth.signInWithExternalJwt(params),
  isMfaRequiredForAction: (params, { mfa }) => mfa.isRequiredForAction(params),
  promptMfaAuth: (params, { ui }) => ui.mfa.show(params),
  registerPasskey: (params, { passkeys }) => passkeys.register(params),
  getPasskeys: ({ passkeys }) => passkeys.get(),
  deletePasskey: (params, { passkeys }) => passkeys.delete(params),
  registerTotpMfaDevice: ({ mfa }) => mfa.addDevice('totp'),
  deleteMfaDevice: ({ deviceId, mfaAuthToken }, { mfa }) => mfa.deleteUserDevice(deviceId, mfaAuthToken),
  getMfaRecoveryCodes: ({ mfa }) => mfa.getRecoveryCodes(),
  createNewMfaRecoveryCodes: ({ mfa }) => mfa.getNewRecoveryCodes(),
  logout: ({ auth }) => auth.logout(),
};
