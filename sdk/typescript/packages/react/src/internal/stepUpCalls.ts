import {
  authenticateMfaRecoveryCode,
  authenticatePasskeyMFA,
  type AuthenticatePasskeyMFAParams,
  authenticateTotpMfaDevice,
  checkStepUpAuth,
  InvalidParamError,
  type OTPVerification,
  promptStepUpAuth,
  type Scope,
  type SdkUser,
  signInWithSocialPopUp,
  type StepUpBinding,
  type StepUpCheck,
  type StepUpClient,
  type VerifyResponse,
  verifyOTP,
  verifyWalletAccount,
  type WalletAccount,
} from '@stepup-auth/client';
import { sendOtp, type SendOtpParams } from './otp.js';

interface Requested {
  /** What it proves: the token for it is held afterwards. */
  requestedScopes: readonly Scope[];
}

interface Bound {
  /** The one transaction to confirm, from `registerBinding`. */
  bindingId?: string | undefined;
}

export interface PromptParams extends Requested {
  /** The one transaction to confirm, from `registerBinding`. */
  binding?: StepUpBinding;
}

export interface StepUpAuthenticationState {
  /** A prompt is open, a code is on its way, or a proof is being judged. */
  readonly isPending: boolean;
  /** What the last call rejected with. */
  readonly error: unknown;
  /** The code that was sent last. */
  readonly otpVerification: OTPVerification | null;
}

export interface StepUpCalls {
  /** Whether a proof is needed for a scope. Uncertainty is yes. */
  isStepUpRequired(params: { scope: Scope }): Promise<boolean>;
  /** The same, and with what it could be given. */
  checkStepUpAuth(params: { scope: Scope }): Promise<StepUpCheck>;
  /** Asks with the registered prompt. Resolves with the token, at once where a live one is held. */
  promptStepUpAuth(params: PromptParams): Promise<string>;
  /** The same, with second factors only. */
  promptMfa(params: PromptParams): Promise<string>;
  /** The same, without second factors; the server takes nothing else from a user who has one. */
  promptReauthenticate(params: PromptParams): Promise<string>;
  /** Sends a code by mail or text message to an address or number that the user has. */
  sendOtp(params?: SendOtpParams): Promise<OTPVerification>;
  /** Takes the code that was sent last, or that of `otpVerification`. */
  verifyOtp(params: Requested & { verificationToken: string; otpVerification?: OTPVerification }): Promise<VerifyResponse>;
  verifyWallet(params: Requested & Bound & { walletAccount: WalletAccount }): Promise<VerifyResponse>;
  /** Opens a window: call it right in the handler of a tap. */
  verifySocial(params: Requested & Bound & { provider: string }): Promise<SdkUser>;
  /** With `preparePasskeyMFA` of the client before it, nothing stands between the tap and the browser's prompt. */
  verifyPasskeyMfa(params: Requested & Pick<AuthenticatePasskeyMFAParams, 'bindingId' | 'relatedOriginRpId'>): Promise<VerifyResponse>;
  verifyTotpMfa(params: Requested & Bound & { code: string; deviceId?: string }): Promise<VerifyResponse>;
  verifyRecoveryCode(params: Requested & Bound & { code: string }): Promise<VerifyResponse>;
}

export const idle: StepUpAuthenticationState = { isPending: false, error: null, otpVerification: null };

/** The calls of one client. Without scopes most of these functions would link or sign in; here that is a mistake. */
export const stepUpCallsOf = (client: StepUpClient, credentialId?: string): StepUpCalls => {
  const proving =
    <P, T>(call: (params: P, client: StepUpClient) => Promise<T>) =>
    async (params: P & Requested): Promise<T> => {
      if (!params?.requestedScopes?.length) throw new InvalidParamError('Say what is to be proven: requestedScopes.');
      return call(params, client);
    };
  return {
    isStepUpRequired: async (params) => (await checkStepUpAuth(params, client)).isRequired,
    checkStepUpAuth: (params) => checkStepUpAuth(params, client),
    promptStepUpAuth: proving(promptStepUpAuth),
    promptMfa: proving((params: PromptParams, c) => promptStepUpAuth({ ...params, methods: 'mfa' }, c)),
    promptReauthenticate: proving((params: PromptParams, c) => promptStepUpAuth({ ...params, methods: 'reauthentication' }, c)),
    sendOtp: (params = {}) => sendOtp({ ...params, credentialId: params.credentialId ?? credentialId }, client),
    verifyOtp: proving(verifyOTP),
    verifyWallet: proving(verifyWalletAccount),
    verifySocial: proving(signInWithSocialPopUp),
    verifyPasskeyMfa: proving(authenticatePasskeyMFA),
    verifyTotpMfa: proving(authenticateTotpMfaDevice),
    verifyRecoveryCode: proving(authenticateMfaRecoveryCode),
  };
};

/**
 * The calls with a state that follows them. begin is called when one begins, and answers what changes the state, as long as no other has
 * begun since.
 */
export const tracked = (all: StepUpCalls, begin: () => (change: Partial<StepUpAuthenticationState>) => void): StepUpCalls => {
  const follow =
    <P extends unknown[], T>(call: (...params: P) => Promise<T>, changes?: (result: T) => Partial<StepUpAuthenticationState>) =>
    async (...params: P): Promise<T> => {
      const set = begin();
      set({ isPending: true, error: null });
      try {
        const result = await call(...params);
        set({ isPending: false, ...changes?.(result) });
        return result;
      } catch (error) {
        set({ isPending: false, error });
        throw error;
      }
    };
  const spent = (): Partial<StepUpAuthenticationState> => ({ otpVerification: null });
  return {
    isStepUpRequired: all.isStepUpRequired,
    checkStepUpAuth: all.checkStepUpAuth,
    promptStepUpAuth: follow(all.promptStepUpAuth),
    promptMfa: follow(all.promptMfa),
    promptReauthenticate: follow(all.promptReauthenticate),
    sendOtp: follow(all.sendOtp, (otpVerification) => ({ otpVerification })),
    verifyOtp: follow(all.verifyOtp, spent),
    verifyWallet: follow(all.verifyWallet),
    verifySocial: follow(all.verifySocial),
    verifyPasskeyMfa: follow(all.verifyPasskeyMfa),
    verifyTotpMfa: follow(all.verifyTotpMfa),
    verifyRecoveryCode: follow(all.verifyRecoveryCode),
  };
};
