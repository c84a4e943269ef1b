import { flag, list, model, nested } from '../internal/model.js';
import { type MFADevice, MFADeviceFromJSON } from './MFADevice.js';
import { type UserPasskey, UserPasskeyFromJSON } from './UserPasskey.js';

/** All second factors of the user. */
export interface MFAMethodsResponse {
  devices: MFADevice[];
  passkeys: UserPasskey[];
  userHasVerifiedMfaMethods: boolean;
}

/** Reads the factors as the server writes them. Throws a TypeError if they are none. */
export const MFAMethodsResponseFromJSON = /* @__PURE__ */ model<MFAMethodsResponse>('MFAMethodsResponse', {
  devices: list(nested(MFADeviceFromJSON)),
  passkeys: list(nested(UserPasskeyFromJSON)),
  userHasVerifiedMfaMethods: flag,
});
