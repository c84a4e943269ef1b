import { model, nested, number, optional, text } from '../internal/model.js';
import { type SdkUser, SdkUserFromJSON } from './SdkUser.js';

/** The answer to whatever signs in or proves something. */
export interface VerifyResponse {
  mfaToken?: string;
  jwt?: string;
  user: SdkUser;
  minifiedJwt?: string;
  /** Unix seconds. */
  expiresAt: number;
  elevatedAccessToken?: string | null;
}

/** Reads the answer as the server writes it. Throws a TypeError if it is none. */
export const VerifyResponseFromJSON = /* @__PURE__ */ model<VerifyResponse>('VerifyResponse', {
  mfaToken: optional(text),
  jwt: optional(text),
  user: nested(SdkUserFromJSON),
  minifiedJwt: optional(text),
  expiresAt: number,
  elevatedAccessToken: optional(text),
});
