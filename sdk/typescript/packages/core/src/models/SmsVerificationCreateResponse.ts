import { model, text } from '../internal/model.js';

/** A code that was texted. */
export interface SmsVerificationCreateResponse {
  verificationUUID: string;
  phoneNumber: string;
  phoneCountryCode: string;
  isoCountryCode: string;
}

export const SmsVerificationCreateResponseFromJSON = /* @__PURE__ */ model<SmsVerificationCreateResponse>(
  'SmsVerificationCreateResponse',
  { verificationUUID: text, phoneNumber: text, phoneCountryCode: text, isoCountryCode: text },
);
