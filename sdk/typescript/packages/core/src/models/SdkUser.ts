import type { MfaBackupCodeAcknowledgement } from '../enums/MfaBackupCodeAcknowledgement.js';
import { anything, date, flag, list, member, model, nested, optional, record, text } from '../internal/model.js';
import { type JwtVerifiedCredential, JwtVerifiedCredentialFromJSON } from './JwtVerifiedCredential.js';

/** The signed-in user. */
export interface SdkUser {
  id: string;
  projectEnvironmentId: string;
  verifiedCredentials: JwtVerifiedCredential[];
  lastVerifiedCredentialId?: string;
  sessionId?: string;
  alias?: string | null;
  country?: string | null;
  email?: string | null;
  firstName?: string | null;
  jobTitle?: string | null;
  lastName?: string | null;
  phoneNumber?: string | null;
  policiesConsent?: boolean | null;
  tShirtSize?: string | null;
  team?: string | null;
  username?: string | null;
  firstVisit?: Date;
  lastVisit?: Date;
  newUser?: boolean;
  metadata?: object;
  mfaBackupCodeAcknowledgement?: MfaBackupCodeAcknowledgement | null;
  btcWallet?: string | null;
  kdaWallet?: string | null;
  ltcWallet?: string | null;
  ckbWallet?: string | null;
  kasWallet?: string | null;
  dogeWallet?: string | null;
  emailNotification?: boolean | null;
  discordNotification?: boolean | null;
  newsletterNotification?: boolean | null;
  lists?: string[];
  /** Space-separated values of JwtScope. */
  scope?: string;
  missingFields?: unknown[];
}

/** Reads a user as the server writes it. Throws a TypeError if it is none. */
export const SdkUserFromJSON = /* @__PURE__ */ model<SdkUser>('SdkUser', {
  id: text,
  projectEnvironmentId: text,
  verifiedCredentials: list(nested(JwtVerifiedCredentialFromJSON)),
  lastVerifiedCredentialId: optional(text),
  sessionId: optional(text),
  alias: optional(text),
  country: optional(text),
  email: optional(text),
  firstName: optional(text),
  jobTitle: optional(text),
  lastName: optional(text),
  phoneNumber: optional(text),
  policiesConsent: optional(flag),
  tShirtSize: optional(text),
  team: optional(text),
  username: optional(text),
  firstVisit: optional(date),
  lastVisit: optional(date),
  newUser: optional(flag),
  metadata: optional(record),
  mfaBackupCodeAcknowledgement: optional(member()),
  btcWallet: optional(text),
  kdaWallet: optional(text),
  ltcWallet: optional(text),
  ckbWallet: optional(text),
  kasWallet: optional(text),
  dogeWallet: optional(text),
  emailNotification: optional(flag),
  discordNotification: optional(flag),
  newsletterNotification: optional(flag),
  lists: optional(list(text)),
  scope: optional(text),
  missingFields: optional(list(anything)),
});
