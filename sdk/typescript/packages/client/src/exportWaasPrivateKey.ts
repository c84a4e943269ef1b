import type { StepUpBinding } from '@stepup-auth/core';
import { InvalidParamError } from './errors/InvalidParamError.js';
import { exportWallet } from './exportWallet.js';
import { getWallets } from './getWallets.js';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { reveal } from './internal/reveal.js';

export interface ExportWaasPrivateKeyParams {
  /** One of those that `getWallets` answers; by default the first that is active. */
  walletAccount?: { readonly address: string };
  /** The intent that was confirmed, from `getWalletIntent`. */
  binding?: StepUpBinding;
}

/**
 * Shows the user the private key of an embedded wallet, and resolves when they have closed it. It is shown in a frame of the server's
 * own origin, over your page, which never gets it. It needs a token for `wallet:export`; the page's origin must be listed, and its
 * policy let it frame the server (`frame-src`).
 *
 * @throws StepUpRequiredError without a token, WalletRevealError where it cannot be shown, InvalidParamError where the user has no
 * such wallet, APIError as `exportWallet`.
 * @example
 * ```ts
 * import { ensure, exportWaasPrivateKey } from '@stepup-auth/client';
 *
 * const { outcome } = await ensure('wallet:export', () => exportWaasPrivateKey());
 * console.log(outcome);
 * ```
 */
export const exportWaasPrivateKey = async ({ walletAccount, binding }: ExportWaasPrivateKeyParams = {}, client?: StepUpClient): Promise<void> => {
  const { client: chosen, core, within } = await begin(client, 'required');
  const wallets = await getWallets(chosen);
  const wallet = wallets.find(({ address, state }) => (walletAccount ? address === walletAccount.address : state === 'active'));
  if (!wallet) {
    throw new InvalidParamError(walletAccount ? 'The service keeps no such wallet for the user.' : 'The user has no embedded wallet: make one with createWallet.');
  }
  await reveal(core, wallet, (recipientKey) => {
    core.still(within);
    return exportWallet({ walletId: wallet.walletId, recipientKey, ...(binding ? { binding } : {}) }, chosen);
  });
};
