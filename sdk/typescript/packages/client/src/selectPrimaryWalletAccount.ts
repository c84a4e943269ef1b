import type { SdkUser } from '@stepup-auth/core';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { freshUser } from './internal/freshUser.js';
import { send } from './internal/send.js';

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
  const begun = await begin(client, 'required');
  await send(begun.core, { method: 'PUT', path: '/users/wallets/selection', session: begun.within, body: { walletId: walletAccount.id } });
  return freshUser(begun);
};
