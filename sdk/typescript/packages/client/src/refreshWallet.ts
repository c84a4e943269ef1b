import { type EmbeddedWallet, EmbeddedWalletFromJSON, MFAAction, type StepUpBinding } from '@stepup-auth/core';
import type { StepUpClient } from './internal/client.js';
import { read } from './internal/json.js';
import { path } from './internal/path.js';
import { operate } from './internal/waas.js';

/**
 * Renews the shares of a wallet's key; the address stays. It needs a token for `wallet:refresh` or `wallet:delegate` where that action
 * is on.
 *
 * @throws StepUpRequiredError without a token, APIError `wallet_not_found`.
 * @example
 * ```ts
 * import { refreshWallet } from '@stepup-auth/client';
 *
 * const { generation } = await refreshWallet({ walletId: '0b2f6d1e-6a3c-4a57-8a33-3f3ad6ed6f0f' });
 * console.log(generation);
 * ```
 */
export const refreshWallet = async ({ walletId, binding }: { walletId: string; binding?: StepUpBinding }, client?: StepUpClient): Promise<EmbeddedWallet> =>
  read(
    EmbeddedWalletFromJSON,
    await operate(client, {
      path: path`/waas/${walletId}/refresh`,
      scopes: ['wallet:refresh', 'wallet:delegate'],
      legacy: MFAAction.WalletWaasRefresh,
      binding,
    }),
  );
