import { SmsVerificationCreateResponseFromJSON } from '@stepup-auth/core';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { read } from './internal/json.js';
import { pend } from './internal/pend.js';
import type { Scope } from './internal/scope.js';
import { send } from './internal/send.js';
import type { OTPVerification } from './sendEmailOTP.js';

export interface SendSmsOTPParams {
  /** As its country writes it, or with `+`. */
  phoneNumber: string;
  /** Such as `US`; not needed for a number with `+`. */
  isoCountryCode?: string;
  /** What the code is for, when it is for a step-up: the text says it, and the code is good for nothing else. */
  requestedScopes?: readonly Scope[];
  /** The one transaction to confirm, from `registerBinding`: the text shows it. */
  bindingId?: string | undefined;
  captchaToken?: string;
}

/**
 * Texts a code. Signed out it will sign in; signed in it will prove it is the user, or link the number. `verifyOTP` remembers it.
 *
 * @throws APIError `invalid_phone`, `no_enabled_sms_provider`, RateLimitedError.
 * @example
 * ```ts
 * import { sendSmsOTP, verifyOTP } from '@stepup-auth/client';
 *
 * await sendSmsOTP({ phoneNumber: '4155550123', isoCountryCode: 'US', requestedScopes: ['wallet:export'] });
 * await verifyOTP({ verificationToken: '123456' });
 * ```
 */
export const sendSmsOTP = async (
  { phoneNumber, isoCountryCode, requestedScopes, bindingId, captchaToken }: SendSmsOTPParams,
  client?: StepUpClient,
): Promise<OTPVerification> => {
  const { core, within } = await begin(client, 'if-any');
  const scopes = within && requestedScopes?.length ? { requestedScopes } : {};
  const verification = read(
    SmsVerificationCreateResponseFromJSON,
    await send(core, {
      method: 'POST',
      path: '/smsVerifications/create',
      session: within,
      body: { phoneNumber, isoCountryCode, captchaToken, bindingId, ...scopes },
    }),
  );
  return pend(core, within, verification, requestedScopes);
};
