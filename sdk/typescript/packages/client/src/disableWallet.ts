import { type EmbeddedWallet, EmbeddedWalletFromJSON } from '@stepup-auth/core';
import type { StepUpClient } from './internal/client.js';
import { read } from './internal/json.js';
import { path } from './internal/path.js';
import { operate } from './internal/waas.js';

/**
 * Stops a wallet from signing and exporting until it is restored.
 *
 * @throws APIError `wallet_not_found`.
 * @example
 * ```ts
 * import { disableWallet } from '@stepup-auth/client';
 *
 * const { state } = await disableWallet({ walletId: '0b2f6d1e-6a3c-4a57-8a33-3f3ad6ed6f0f' });
 * console.log(state);
 * ```
 */
export const disableWallet = async ({ walletId }: { walletId: string }, client?: StepUpClient): Promise<EmbeddedWallet> =>
  read(EmbeddedWalletFromJSON, await operate(client, { path: path`/waas/${walletId}/disable` }));
