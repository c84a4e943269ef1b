import { date, flag, model, nested, optional, text } from '../internal/model.js';
import { type PasskeyStorage, PasskeyStorageFromJSON } from './PasskeyStorage.js';

/** A passkey of the user. */
export interface UserPasskey {
  id: string;
  alias?: string;
  userAgent?: string;
  origin?: string;
  /** The id that WebAuthn knows it by. */
  credentialId: string;
  createdAt: Date;
  updatedAt?: Date;
  storage?: PasskeyStorage;
  /** Ours. */
  lastUsedAt?: Date;
  /** Ours: false if it was linked with nothing and does not count until it is confirmed. */
  confirmed?: boolean;
  /** Ours: somebody said it was not the user's, and nobody has decided. */
  disputed?: boolean;
}

/** Reads a passkey as the server writes it. Throws a TypeError if it is none. */
export const UserPasskeyFromJSON = /* @__PURE__ */ model<UserPasskey>('UserPasskey', {
  id: text,
  alias: optional(text),
  userAgent: optional(text),
  origin: optional(text),
  credentialId: text,
  createdAt: date,
  updatedAt: optional(date),
  storage: optional(nested(PasskeyStorageFromJSON)),
  lastUsedAt: optional(date),
  confirmed: optional(flag),
  disputed: optional(flag),
});
