import { date, model, optional, text } from '../internal/model.js';

/** Where a passkey is kept. */
export interface PasskeyStorage {
  name: string;
  icon: string;
  updatedAt?: Date;
}

export const PasskeyStorageFromJSON = /* @__PURE__ */ model<PasskeyStorage>('PasskeyStorage', {
  name: text,
  icon: text,
  updatedAt: optional(date),
});
