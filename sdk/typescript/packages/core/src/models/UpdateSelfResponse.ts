import type { NextViewEnum } from '../enums/NextViewEnum.js';
import { member, model, nested, number, optional, text } from '../internal/model.js';
import { type EmailVerificationCreateResponse, EmailVerificationCreateResponseFromJSON } from './EmailVerificationCreateResponse.js';
import { type SdkUser, SdkUserFromJSON } from './SdkUser.js';
import { type SmsVerificationCreateResponse, SmsVerificationCreateResponseFromJSON } from './SmsVerificationCreateResponse.js';

/** The answer to a change of the profile, and what is still to be verified for it. */
export interface UpdateSelfResponse {
  mfaToken?: string;
  jwt?: string;
  user: SdkUser;
  minifiedJwt?: string;
  /** Unix seconds. */
  expiresAt: number;
  elevatedAccessToken?: string | null;
  nextView: NextViewEnum;
  emailVerification?: EmailVerificationCreateResponse;
  smsVerification?: SmsVerificationCreateResponse;
}

/** Reads the answer as the server writes it. Throws a TypeError if it is none. */
export const UpdateSelfResponseFromJSON = /* @__PURE__ */ model<UpdateSelfResponse>('UpdateSelfResponse', {
  mfaToken: optional(text),
  jwt: optional(text),
  user: nested(SdkUserFromJSON),
  minifiedJwt: optional(text),
  expiresAt: number,
  elevatedAccessToken: optional(text),
  nextView: member(),
  emailVerification: optional(nested(EmailVerificationCreateResponseFromJSON)),
  smsVerification: optional(nested(SmsVerificationCreateResponseFromJSON)),
});
