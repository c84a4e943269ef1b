import { EmailVerificationCreateResponseFromJSON } from '@stepup-auth/core';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { read } from './internal/json.js';
import { pend } from './internal/pend.js';
import type { Scope } from './internal/scope.js';
import { send } from './internal/send.js';

/** A code that was sent. */
export interface OTPVerification {
  verificationUUID: string;
  email?: string;
  phoneNumber?: string;
  phoneCountryCode?: string;
  isoCountryCode?: string;
}

export interface SendEmailOTPParams {
  email: string;
  /** What the code is for, when it is for a step-up: the mail says it, and the code is good for nothing else. */
  requestedScopes?: readonly Scope[];
  /** The one transaction to confirm, from `registerBinding`: the mail shows it. */
  bindingId?: string | undefined;
  captchaToken?: string;
}

/**
 * Mails a code. Signed out it will sign in; signed in it will prove it is the user, or link the address. `verifyOTP` remembers it.
 *
 * @throws APIError `invalid_email`, RateLimitedError.
 * @example
 * ```ts
 * import { sendEmailOTP, verifyOTP } from '@stepup-auth/client';
 *
 * await sendEmailOTP({ email: 'ada@example.com', requestedScopes: ['wallet:export'] });
 * await verifyOTP({ verificationToken: '123456' });
 * ```
 */
export const sendEmailOTP = async (
  { email, requestedScopes, bindingId, captchaToken }: SendEmailOTPParams,
  client?: StepUpClient,
): Promise<OTPVerification> => {
  const { core, within } = await begin(client, 'if-any');
  const body = { email, captchaToken, bindingId, ...(within && requestedScopes?.length ? { requestedScopes } : {}) };
  const verification = read(
    EmailVerificationCreateResponseFromJSON,
    await send(core, { method: 'POST', path: '/emailVerifications/create', session: within, body }),
  );
  return pend(core, within, verification, requestedScopes);
};
