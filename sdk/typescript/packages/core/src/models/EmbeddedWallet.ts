import { date, member, model, number, optional, text } from '../internal/model.js';
import type { ThresholdSignatureScheme } from '../enums/ThresholdSignatureScheme.js';

/** A wallet that the service keeps for the user. Ours. */
export interface EmbeddedWallet {
  walletId: string;
  custodyModel: 'split';
  chain: string;
  address: string;
  publicKey: string;
  thresholdSignatureScheme: ThresholdSignatureScheme;
  /** Of the shares; grows with each refresh and reshare. */
  generation: number;
  state: 'active' | 'disabled' | 'deleting' | 'deleted';
  createdAt: Date;
  exportedAt?: Date;
  deleteAt?: Date;
  accountAddress?: string;
}

/** Reads a wallet as the server writes it. Throws a TypeError if it is none. */
export const EmbeddedWalletFromJSON = /* @__PURE__ */ model<EmbeddedWallet>('EmbeddedWallet', {
  walletId: text,
  custodyModel: member(),
  chain: text,
  address: text,
  publicKey: text,
  thresholdSignatureScheme: member(),
  generation: number,
  state: member(),
  createdAt: date,
  exportedAt: optional(date),
  deleteAt: optional(date),
  accountAddress: optional(text),
});
