import { model, text } from '../internal/model.js';

/** A code that was mailed. */
export interface EmailVerificationCreateResponse {
  verificationUUID: string;
  email: string;
}

export const EmailVerificationCreateResponseFromJSON = /* @__PURE__ */ model<EmailVerificationCreateResponse>(
  'EmailVerificationCreateResponse',
  { verificationUUID: text, email: text },
);
