import { type EmbeddedWallet, EmbeddedWalletFromJSON, type ThresholdSignatureScheme } from '@stepup-auth/core';
import type { StepUpClient } from './internal/client.js';
import { read } from './internal/json.js';
import { operate } from './internal/waas.js';

export interface CreateWalletParams {
  /** `EVM` or `SOL`. */
  chain: string;
  thresholdSignatureScheme?: ThresholdSignatureScheme;
}

/**
 * Makes a wallet that the service keeps for the user.
 *
 * @throws APIError `max_wallets_per_user`, `chain_not_supported`, `wallet_service_off`.
 * @example
 * ```ts
 * import { createWallet } from '@stepup-auth/client';
 *
 * const { address } = await createWallet({ chain: 'EVM' });
 * console.log(address);
 * ```
 */
export const createWallet = async (params: CreateWalletParams, client?: StepUpClient): Promise<EmbeddedWallet> =>
  read(EmbeddedWalletFromJSON, await operate(client, { path: '/waas/create', body: params }));
