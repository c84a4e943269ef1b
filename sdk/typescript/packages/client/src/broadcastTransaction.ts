import { InvalidResponseError } from './errors/InvalidResponseError.js';
import { call } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { textOf } from './internal/json.js';
import { path } from './internal/path.js';

export interface BroadcastTransactionParams {
  walletId: string;
  /** As `signWithWallet` answers it. */
  signedTransaction: string;
  /** Name of one of the environment's networks, where the transaction does not say it. */
  network?: string;
}

/**
 * Sends a transaction that an embedded wallet signed.
 *
 * @throws APIError `broadcast_rejected`, `network_not_found`.
 * @example
 * ```ts
 * import { broadcastTransaction, signWithWallet } from '@stepup-auth/client';
 *
 * const walletId = '0b2f6d1e-6a3c-4a57-8a33-3f3ad6ed6f0f';
 * const { signedTransaction = '' } = await signWithWallet({ walletId, transaction: '0x02…' });
 * const { transactionHash } = await broadcastTransaction({ walletId, signedTransaction });
 * console.log(transactionHash);
 * ```
 */
export const broadcastTransaction = async (
  { walletId, signedTransaction, network }: BroadcastTransactionParams,
  client?: StepUpClient,
): Promise<{ transactionHash: string; network: string }> => {
  const json = await call(client, {
    method: 'POST',
    path: path`/waas/${walletId}/transactions/broadcast`,
    body: { signedTransaction, network },
  });
  const [transactionHash, where] = [textOf(json, 'transactionHash'), textOf(json, 'network')];
  if (transactionHash === undefined || where === undefined) throw new InvalidResponseError();
  return { transactionHash, network: where };
};
