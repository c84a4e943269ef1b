import type { MFADeviceType } from '../enums/MFADeviceType.js';
import { date, flag, member, model, optional, text } from '../internal/model.js';

/** A second factor that is no passkey. */
export interface MFADevice {
  type?: MFADeviceType;
  verified?: boolean;
  id?: string;
  createdAt?: Date;
  verifiedAt?: Date | null;
  _default?: boolean;
  alias?: string;
  /** Ours: what linked it. */
  provenance?: string;
  /** Ours: false if it was linked with nothing and does not count until it is confirmed. */
  confirmed?: boolean;
  /** Ours: somebody said it was not the user's, and nobody has decided. */
  disputed?: boolean;
}

/** Reads a device as the server writes it. Throws a TypeError if it is none. */
export const MFADeviceFromJSON = /* @__PURE__ */ model<MFADevice>('MFADevice', {
  type: optional(member()),
  verified: optional(flag),
  id: optional(text),
  createdAt: optional(date),
  verifiedAt: optional(date),
  _default: ['default', optional(flag)],
  alias: optional(text),
  provenance: optional(text),
  confirmed: optional(flag),
  disputed: optional(flag),
});
