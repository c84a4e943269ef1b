import type { VerifyResponse } from '@stepup-auth/core';
import { InvalidParamError } from './errors/InvalidParamError.js';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import type { Scope } from './internal/scope.js';
import { send } from './internal/send.js';
import { typed } from './internal/typed.js';
import { verified } from './internal/verified.js';
import type { OTPVerification } from './sendEmailOTP.js';

export interface VerifyOTPParams {
  /** The code as the user typed it; spaces and hyphens are left out. */
  verificationToken: string;
  /** What `sendEmailOTP` or `sendSmsOTP` answered; by default the last code that was sent. */
  otpVerification?: OTPVerification;
  /** What it proves; by default what the code was sent for. */
  requestedScopes?: readonly Scope[];
  /** At sign-in: let a user without any second factor enrol the first one without another code. */
  allowNewMFALinking?: boolean;
}

/**
 * Takes a mailed or texted code. Signed out it signs in. Signed in it proves it is the user, with scopes; without, it links the
 * address or number, for which a token for `credential:link` is needed, or finishes a change of it that `updateUser` began.
 *
 * @throws APIError `wrong_email_verification_token` and its like, StepUpRequiredError when linking without a token, InvalidParamError
 * when the code is empty or none was sent.
 * @example
 * ```ts
 * import { sendEmailOTP, verifyOTP } from '@stepup-auth/client';
 *
 * const otpVerification = await sendEmailOTP({ email: 'ada@example.com' });
 * const { user } = await verifyOTP({ otpVerification, verificationToken: '123456' });
 * console.log(user.id);
 * ```
 */
export const verifyOTP = async (
  { verificationToken, otpVerification, requestedScopes, allowNewMFALinking }: VerifyOTPParams,
  client?: StepUpClient,
): Promise<VerifyResponse> => {
  const code = typed(verificationToken, /[\s-]/g);
  const { core, within } = await begin(client, 'if-any');
  const { code: pending } = core.state;
  const verification = otpVerification ?? pending?.verification;
  if (!verification) throw new InvalidParamError('No code was sent: call sendEmailOTP or sendSmsOTP first.');
  const ours = pending?.verification.verificationUUID === verification.verificationUUID ? pending : undefined;
  const kind = verification.email === undefined ? 'smsVerifications' : 'emailVerifications';
  const scopes = within ? (requestedScopes ?? ours?.requestedScopes ?? []) : [];
  const json = await send(core, {
    method: 'POST',
    path: `/${kind}/${within ? 'verify' : 'signin'}`,
    session: within ?? 'none',
    body: {
      verificationUUID: verification.verificationUUID,
      verificationToken: code,
      ...(scopes.length ? { requestedScopes: scopes } : {}),
      ...(!within && allowNewMFALinking ? { allowNewMFALinking } : {}),
    },
    ...(within && !scopes.length ? { gate: { scopes: ours?.changes ? ['credential:update'] : ['credential:link', 'credential:update'] } } : {}),
  });
  const answer = await verified(core, json, { within, requestedScopes: scopes });
  await core.update((state) => {
    if (state.code?.verification.verificationUUID === verification.verificationUUID) state.code = null;
  });
  return answer;
};
