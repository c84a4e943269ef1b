import type { SealedKey } from '../exportWallet.js';

/** What a page greets the reveal frame with, and hands it a port along; everything after that goes through the port. */
export const revealGreeting = 'stepup:reveal';

/** The wallet whose key is to be shown, and nobody else's. */
export interface RevealWallet {
  readonly walletId: string;
  readonly address: string;
  readonly chain: string;
}

export interface RevealGreeting extends RevealWallet {
  readonly type: typeof revealGreeting;
}

/**
 * `unsupported`: the browser lacks the ciphers; said before the key has left. `unreadable`: what came is sealed to another key, or for
 * something else. `foreign`: it is the key of another address.
 */
export type RevealFailure = 'unsupported' | 'unreadable' | 'foreign';

export type FromRevealFrame =
  /** In a web view: it can be greeted. In a frame that is so once it is loaded. */
  | { readonly type: 'ready' }
  /** To what the private key is to be sealed, 32 bytes in base64url. */
  | { readonly type: 'recipient'; readonly recipientKey: string }
  | { readonly type: 'failed'; readonly reason: RevealFailure }
  /** The key was opened, and is shown when the user wants to see it. */
  | { readonly type: 'opened' }
  | { readonly type: 'height'; readonly height: number }
  | { readonly type: 'closed' };

export interface ToRevealFrame {
  readonly type: 'sealed';
  readonly sealed: SealedKey;
}
