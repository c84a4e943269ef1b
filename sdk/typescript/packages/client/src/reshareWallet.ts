import {
  type EmbeddedWallet,
  EmbeddedWalletFromJSON,
  MFAAction,
  type StepUpBinding,
  type ThresholdSignatureScheme,
} from '@stepup-auth/core';
import type { StepUpClient } from './internal/client.js';
import { read } from './internal/json.js';
import { path } from './internal/path.js';
import { operate } from './internal/waas.js';

export interface ReshareWalletParams {
  walletId: string;
  oldThresholdSignatureScheme: ThresholdSignatureScheme;
  newThresholdSignatureScheme: ThresholdSignatureScheme;
  binding?: StepUpBinding;
}

/**
 * Moves a wallet's key to another threshold scheme; the address stays. It needs a token for `wallet:reshare` or `wallet:delegate`
 * where that action is on.
 *
 * @throws StepUpRequiredError without a token, APIError `wallet_not_found`.
 * @example
 * ```ts
 * import { reshareWallet } from '@stepup-auth/client';
 *
 * await reshareWallet({
 *   walletId: '0b2f6d1e-6a3c-4a57-8a33-3f3ad6ed6f0f',
 *   oldThresholdSignatureScheme: 'TWO_OF_TWO',
 *   newThresholdSignatureScheme: 'TWO_OF_THREE',
 * });
 * ```
 */
export const reshareWallet = async ({ walletId, binding, ...body }: ReshareWalletParams, client?: StepUpClient): Promise<EmbeddedWallet> =>
  read(
    EmbeddedWalletFromJSON,
    await operate(client, {
      path: path`/waas/${walletId}/reshare`,
      body,
      scopes: ['wallet:reshare', 'wallet:delegate'],
      legacy: MFAAction.WalletWaasReshare,
      binding,
    }),
  );
