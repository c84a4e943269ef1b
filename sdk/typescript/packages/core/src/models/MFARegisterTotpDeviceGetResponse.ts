import type { MFADeviceType } from '../enums/MFADeviceType.js';
import { member, model, text } from '../internal/model.js';

/** An authenticator app that is being enrolled. */
export interface MFARegisterTotpDeviceGetResponse {
  id: string;
  type: MFADeviceType;
  /** Base32, to type in by hand. */
  secret: string;
  /** `otpauth://…`, to show as a QR code. */
  uri: string;
}

/** Reads the enrolment as the server writes it. Throws a TypeError if it is none. */
export const MFARegisterTotpDeviceGetResponseFromJSON = /* @__PURE__ */ model<MFARegisterTotpDeviceGetResponse>(
  'MFARegisterTotpDeviceGetResponse',
  { id: text, type: member(), secret: text, uri: text },
);
