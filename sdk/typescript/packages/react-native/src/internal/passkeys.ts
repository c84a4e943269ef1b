import {
  authenticatePasskeyMFA,
  type AuthenticatePasskeyMFAParams,
  deletePasskey,
  getPasskeys,
  type LegacyMfaOptions,
  registerPasskey,
  type StepUpClient,
  type UserPasskey,
  type VerifyResponse,
} from '@stepup-auth/client';

export interface PasskeysModule {
  get(): Promise<UserPasskey[]>;
  /** Makes one on this device, which needs a token for `credential:link`. */
  register(params?: LegacyMfaOptions): Promise<void>;
  /** Legacy: proves with a passkey that it is the user. Use `stepUpAuth.verifyPasskeyMfa`. */
  authenticateMFA(params?: AuthenticatePasskeyMFAParams): Promise<VerifyResponse>;
  /** Removes one, with a token for `credential:unlink`. */
  delete(params: { passkeyId: string }): Promise<void>;
}

export const passkeysOf = (client: StepUpClient): PasskeysModule => ({
  get: () => getPasskeys(client),
  register: async (params = {}) => {
    await registerPasskey(params, client);
  },
  authenticateMFA: (params = {}) => authenticatePasskeyMFA(params, client),
  delete: (params) => deletePasskey(params, client),
});
