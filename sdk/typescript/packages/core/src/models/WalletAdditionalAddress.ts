import type { WalletAddressType } from '../enums/WalletAddressType.js';
import { member, model, optional, text } from '../internal/model.js';

/** Another address of the same wallet. */
export interface WalletAdditionalAddress {
  address: string;
  publicKey?: string;
  type: WalletAddressType;
  network?: string;
}

export const WalletAdditionalAddressFromJSON = /* @__PURE__ */ model<WalletAdditionalAddress>('WalletAdditionalAddress', {
  address: text,
  publicKey: optional(text),
  type: member(),
  network: optional(text),
});
