import type { VerifyResponse } from '@stepup-auth/core';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { signedByWallet, type WalletAccount } from './internal/wallet.js';

/**
 * Moves a wallet here from the account that has it. It needs a token for `credential:link`, and a fresh signature by the wallet.
 *
 * @throws StepUpRequiredError without a token, APIError `invalid_verification`, and whatever `signMessage` rejects with.
 * @example
 * ```ts
 * import { transferWalletAccount, verifyWalletAccount, WalletAlreadyLinkedToAnotherUserError, type WalletAccount } from '@stepup-auth/client';
 *
 * const link = (walletAccount: WalletAccount) =>
 *   verifyWalletAccount({ walletAccount }).catch((error) => {
 *     if (error instanceof WalletAlreadyLinkedToAnotherUserError) return transferWalletAccount({ walletAccount });
 *     throw error;
 *   });
 * console.log(typeof link);
 * ```
 */
export const transferWalletAccount = async ({ walletAccount }: { walletAccount: WalletAccount }, client?: StepUpClient): Promise<VerifyResponse> => {
  const { core, within } = await begin(client, 'required');
  return signedByWallet(core, walletAccount, { path: '/verify/transfer', within, action: 'transfer', gate: { scopes: ['credential:link'] } });
};
