import type { VerifyResponse } from '@stepup-auth/core';
import type { StepUpClient } from './internal/client.js';
import { unlinkCredential } from './unlinkCredential.js';

/**
 * Unlinks a wallet. It needs a token for `credential:unlink`.
 *
 * @param options `walletAccount` is one of `getWalletAccounts`.
 * @throws StepUpRequiredError without a token, APIError `cannot_delete_last_sign_in_verified_credential`.
 * @example
 * ```ts
 * import { getWalletAccounts, removeWalletAccount } from '@stepup-auth/client';
 *
 * const [wallet] = getWalletAccounts();
 * if (wallet) await removeWalletAccount({ walletAccount: wallet });
 * ```
 */
export const removeWalletAccount = ({ walletAccount }: { walletAccount: { id: string } }, client?: StepUpClient): Promise<VerifyResponse> =>
  unlinkCredential({ verifiedCredentialId: walletAccount.id }, client);
