import type { SdkUser } from '@stepup-auth/core';
import { call } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { refreshUser } from './refreshUser.js';

/**
 * Makes a wallet the primary one.
 *
 * @param options `walletAccount` is one of `getWalletAccounts`.
 * @throws UserNotAuthenticatedError if nobody is signed in.
 * @example
 * ```ts
 * import { getWalletAccounts, selectPrimaryWalletAccount } from '@stepup-auth/client';
 *
 * const [, second] = getWalletAccounts();
 * if (second) await selectPrimaryWalletAccount({ walletAccount: second });
 * ```
 */
export const selectPrimaryWalletAccount = async ({ walletAccount }: { walletAccount: { id: string } }, client?: StepUpClient): Promise<SdkUser> => {
  await call(client, { method: 'PUT', path: '/users/wallets/selection', session: 'required', body: { walletId: walletAccount.id } });
  return refreshUser(client);
};
