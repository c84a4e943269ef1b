import type { RevealFailure } from '../internal/revealMessages.js';
import { StepUpError } from './StepUpError.js';

/**
 * `no_page`: there is no browser page to show it in. `no_answer`: the frame of the server did not answer. `unsupported`: the browser
 * lacks the ciphers. In these three the key has not left, and no token was spent. `unreadable`, `foreign`: what the frame got is not
 * the key of this wallet.
 */
export type WalletRevealReason = RevealFailure | 'no_page' | 'no_answer';

/** The key of a wallet could not be shown. `code` is `wallet_reveal_failed`, `reason` says why. */
export class WalletRevealError extends StepUpError {
  override readonly name: string = 'WalletRevealError';
  readonly reason: WalletRevealReason;

  constructor(reason: WalletRevealReason) {
    super({ code: 'wallet_reveal_failed', message: sentences[reason] });
    this.reason = reason;
  }
}

const sentences: Record<WalletRevealReason, string> = {
  no_page: 'A key is shown in a page of a browser, and there is none here: use exportWallet.',
  no_answer:
    'The frame that shows the key did not answer: is the page\'s origin among the environment\'s origins, and does its policy let it frame the server (frame-src)?',
  unsupported: 'The browser lacks X25519, or Ed25519 for a Solana wallet: the key was not exported.',
  unreadable: 'The frame could not open what the server sent.',
  foreign: 'The frame was sent the key of another wallet, and did not show it.',
};
