import { APIError } from './APIError.js';

/** Another account has the wallet; `transferWalletAccount` moves it. `code` is `reassign_wallet_confirm`. */
export class WalletAlreadyLinkedToAnotherUserError extends APIError {
  override readonly name: string = 'WalletAlreadyLinkedToAnotherUserError';
}
