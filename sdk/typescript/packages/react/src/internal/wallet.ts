import {
  broadcastTransaction,
  type BroadcastTransactionParams,
  deleteWallet,
  disableWallet,
  exportWaasPrivateKey,
  exportWallet,
  type ExportWalletParams,
  getWalletIntent,
  type GetWalletIntentParams,
  refreshWallet,
  reshareWallet,
  type ReshareWalletParams,
  restoreWallet,
  type SealedKey,
  signWithWallet,
  type SignWithWalletParams,
  type StepUpBinding,
  type StepUpClient,
  type WalletIntent,
  type WalletSignature,
} from '@stepup-auth/client';
import type { EmbeddedWallet } from '@stepup-auth/core';

/** What is said about one wallet does not name it again. */
type OfWallet<P> = P extends { walletId: string } ? Omit<P, 'walletId'> : never;

/**
 * A wallet that the service keeps for the user, and what can be done with it. Each call attaches the token that its gate wants, and
 * rejects with StepUpRequiredError where none is held.
 */
export interface StepUpWallet {
  readonly id: string;
  readonly address: string;
  /** `EVM` or `SOL`. */
  readonly chain: string;
  readonly details: EmbeddedWallet;
  /** Signs a text, and answers the signature. */
  signMessage(message: string): Promise<string>;
  /** Signs a message, typed data, a transaction or an authorization. */
  sign(request: OfWallet<SignWithWalletParams>): Promise<WalletSignature>;
  /** Says what a request would do, in the server's words, and registers it for a proof that opens just that. */
  getIntent(request: OfWallet<GetWalletIntentParams>): Promise<WalletIntent>;
  /** Sends a transaction that it signed. */
  broadcast(transaction: OfWallet<BroadcastTransactionParams>): Promise<{ transactionHash: string; network: string }>;
  /** Shows the private key to the user, in a frame of the server's, and resolves when they have closed it. The page never gets it. */
  exportWaasPrivateKey(options?: { binding?: StepUpBinding }): Promise<void>;
  /** The private key, sealed to the recipient key. */
  exportWallet(options: OfWallet<ExportWalletParams>): Promise<SealedKey>;
  refresh(options?: { binding?: StepUpBinding }): Promise<void>;
  reshare(options: OfWallet<ReshareWalletParams>): Promise<void>;
  disable(): Promise<void>;
  restore(): Promise<void>;
  delete(): Promise<void>;
}

/** Makes the object of a wallet. changed is told when something about it is new. */
export const walletOf = (details: EmbeddedWallet, client: StepUpClient, changed: () => Promise<unknown>): StepUpWallet => {
  const { walletId, address, chain } = details;
  const of = { walletId };
  const sign = (request: OfWallet<SignWithWalletParams>): Promise<WalletSignature> => signWithWallet({ ...of, ...request }, client);
  const changing = async (call: Promise<unknown>): Promise<void> => {
    await call;
    await changed().catch(() => undefined); // it is done, whatever the list says
  };
  return {
    id: walletId,
    address,
    chain,
    details,
    sign,
    signMessage: async (message) => (await sign({ message })).signature,
    getIntent: (request) => getWalletIntent({ ...of, ...request }, client),
    broadcast: (transaction) => broadcastTransaction({ ...of, ...transaction }, client),
    exportWaasPrivateKey: (options) => changing(exportWaasPrivateKey({ ...options, walletAccount: details }, client)),
    exportWallet: (options) => exportWallet({ ...of, ...options }, client),
    refresh: (options) => changing(refreshWallet({ ...of, ...options }, client)),
    reshare: (options) => changing(reshareWallet({ ...of, ...options }, client)),
    disable: () => changing(disableWallet(of, client)),
    restore: () => changing(restoreWallet(of, client)),
    delete: () => changing(deleteWallet(of, client)),
  };
};
