import { type EmbeddedWallet, EmbeddedWalletFromJSON } from '@stepup-auth/core';
import { call } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { read } from './internal/json.js';
import { path } from './internal/path.js';

/**
 * One of the wallets that the service keeps for the user.
 *
 * @throws APIError `wallet_not_found`.
 * @example
 * ```ts
 * import { getWallet } from '@stepup-auth/client';
 *
 * const { state } = await getWallet({ walletId: '0b2f6d1e-6a3c-4a57-8a33-3f3ad6ed6f0f' });
 * console.log(state);
 * ```
 */
export const getWallet = async ({ walletId }: { walletId: string }, client?: StepUpClient): Promise<EmbeddedWallet> =>
  read(EmbeddedWalletFromJSON, await call(client, { method: 'GET', path: path`/waas/${walletId}`, repeat: true }));
