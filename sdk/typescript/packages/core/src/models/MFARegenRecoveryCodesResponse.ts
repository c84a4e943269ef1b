import { list, model, number, text } from '../internal/model.js';

/** Recovery codes of the user. */
export interface MFARegenRecoveryCodesResponse {
  count: number;
  recoveryCodes: string[];
}

/** Reads the codes as the server writes them. Throws a TypeError if they are none. */
export const MFARegenRecoveryCodesResponseFromJSON = /* @__PURE__ */ model<MFARegenRecoveryCodesResponse>(
  'MFARegenRecoveryCodesResponse',
  { count: number, recoveryCodes: list(text) },
);
