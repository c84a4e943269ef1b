import { list, model, number, text } from '../internal/model.js';

/** Recovery codes of the user. */
export interface MFAGetRecoveryCodesResponse {
  count: number;
  recoveryCodes: string[];
}

/** Reads the codes as the server writes them. Throws a TypeError if they are none. */
export const MFAGetRecoveryCodesResponseFromJSON = /* @__PURE__ */ model<MFAGetRecoveryCodesResponse>(
  'MFAGetRecoveryCodesResponse',
  { count: number, recoveryCodes: list(text) },
);
