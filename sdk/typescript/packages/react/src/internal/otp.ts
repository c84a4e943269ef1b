import {
  initializeClient,
  type OTPVerification,
  type Scope,
  sendEmailOTP,
  sendSmsOTP,
  type StepUpClient,
  StepUpUnavailableError,
  UserNotAuthenticatedError,
} from '@stepup-auth/client';

export interface SendOtpParams {
  /** The credential that the code goes to; by default the first address or number that the user can sign in with. */
  credentialId?: string | undefined;
  /** What the code is for: the message says it, and the code is good for nothing else. */
  requestedScopes?: readonly Scope[];
  /** The one transaction to confirm, from `registerBinding`: the message shows it. */
  bindingId?: string | undefined;
}

/** Sends a code to a credential of the user. */
export const sendOtp = async ({ credentialId, ...options }: SendOtpParams, client: StepUpClient): Promise<OTPVerification> => {
  await initializeClient(client);
  if (!client.user) throw new UserNotAuthenticatedError();
  const credential = client.user.verifiedCredentials
    .filter(({ format }) => format === 'email' || format === 'phoneNumber')
    .find(({ id, signInEnabled }) => (credentialId === undefined ? signInEnabled : id === credentialId));
  if (credential?.email !== undefined) return sendEmailOTP({ email: credential.email, ...options }, client);
  if (credential?.phoneNumber === undefined) throw new StepUpUnavailableError('no_method');
  const { phoneNumber, phoneCountryCode, isoCountryCode } = credential;
  return sendSmsOTP(
    {
      phoneNumber: phoneCountryCode === undefined ? phoneNumber : `+${phoneCountryCode}${phoneNumber}`,
      ...(isoCountryCode === undefined ? {} : { isoCountryCode }),
      ...options,
    },
    client,
  );
};
