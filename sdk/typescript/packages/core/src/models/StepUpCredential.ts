import type { JwtVerifiedCredentialFormatEnum } from '../enums/JwtVerifiedCredentialFormatEnum.js';
import { member, model, optional, text } from '../internal/model.js';

/** One thing the user could prove it with. */
export interface StepUpCredential {
  id: string;
  format: JwtVerifiedCredentialFormatEnum;
  /** `totp`, `passkey`, or the social provider. */
  type?: string;
  /** What to show. */
  alias?: string;
}

/** Reads the credential as the server writes it. Throws a TypeError if it is none. */
export const StepUpCredentialFromJSON = /* @__PURE__ */ model<StepUpCredential>('StepUpCredential', {
  id: text,
  format: member(),
  type: optional(text),
  alias: optional(text),
});
