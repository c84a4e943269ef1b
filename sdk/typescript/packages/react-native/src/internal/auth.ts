import {
  logout,
  type SdkUser,
  sendEmailOTP,
  sendSmsOTP,
  signInWithExternalJwt,
  signInWithPasskey,
  signInWithSocialPopUp,
  type StepUpClient,
  verifyOTP,
  verifyWalletAccount,
  type WalletAccount,
} from '@stepup-auth/client';

/** A code takes two calls. The one that was sent last is meant. */
interface CodeModule<Address> {
  sendOTP(to: Address): Promise<void>;
  verifyOTP(code: string): Promise<void>;
}

export interface AuthModule {
  readonly authenticatedUser: SdkUser | null;
  readonly token: string | null;
  readonly email: CodeModule<string>;
  readonly sms: CodeModule<{ phone: string; dial: string; iso2: string }>;
  readonly passkey: { signIn(): Promise<void> };
  /** In the `browser` that `createClient` was given. */
  readonly social: { connect(params: { provider: string }): Promise<void> };
  readonly wallet: { connect(params: { walletAccount: WalletAccount }): Promise<void> };
  readonly externalAuth: { signInWithExternalJwt(params: { externalJwt: string }): Promise<void> };
  /** Forgets everything of the session, and tells the server. */
  logout(): ReturnType<typeof logout>;
}

const verifying = (client: StepUpClient) => async (verificationToken: string): Promise<void> => {
  await verifyOTP({ verificationToken }, client);
};

export const authOf = (client: StepUpClient): AuthModule => ({
  get authenticatedUser() {
    return client.user;
  },
  get token() {
    return client.token;
  },
  email: {
    sendOTP: async (email) => {
      await sendEmailOTP({ email }, client);
    },
    verifyOTP: verifying(client),
  },
  sms: {
    sendOTP: async ({ phone, dial, iso2 }) => {
      await sendSmsOTP({ phoneNumber: `+${dial}${phone}`, isoCountryCode: iso2 }, client);
    },
    verifyOTP: verifying(client),
  },
  passkey: {
    signIn: async () => {
      await signInWithPasskey({}, client);
    },
  },
  social: {
    connect: async (params) => {
      await signInWithSocialPopUp(params, client);
    },
  },
  wallet: {
    connect: async (params) => {
      await verifyWalletAccount(params, client);
    },
  },
  externalAuth: {
    signInWithExternalJwt: async (params) => {
      await signInWithExternalJwt(params, client);
    },
  },
  logout: () => logout(client),
});
