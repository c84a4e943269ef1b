import { model, optional, text } from '../internal/model.js';

/** The name of a wallet address. */
export interface NameServiceData {
  avatar?: string;
  name?: string;
}

export const NameServiceDataFromJSON = /* @__PURE__ */ model<NameServiceData>('NameServiceData', {
  avatar: optional(text),
  name: optional(text),
});
