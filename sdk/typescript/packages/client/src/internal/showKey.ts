import type { SealedKey } from '../exportWallet.js';
import type { RevealWallet } from './revealMessages.js';

export interface ShowKeyRequest {
  readonly wallet: RevealWallet;
  /** The server's page that can show it: it makes a key pair of its own, and opens what is sealed to that. */
  readonly url: string;
  /** Has the private key sealed to a recipient key (X25519, in base64url), made where it is shown. Ask once: it spends the token. */
  seal(recipientKey: string): Promise<SealedKey>;
  /** Aborted when the session ends: what is shown goes away. */
  readonly signal: AbortSignal;
}

/** Shows a private key where the app cannot read it, and resolves when the user has closed it. */
export type ShowKey = (request: ShowKeyRequest) => Promise<void>;
