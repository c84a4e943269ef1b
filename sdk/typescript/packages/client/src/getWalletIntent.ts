import { type StepUpBinding, StepUpBindingFromJSON } from '@stepup-auth/core';
import { call } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { memberOf, objectOf, read, textOf } from './internal/json.js';
import { path } from './internal/path.js';
import type { WalletRequest } from './signWithWallet.js';

export type GetWalletIntentParams = { walletId: string } & (
  | WalletRequest
  | { action: 'export'; exportPublicKey: string }
  | { action: 'refresh' | 'restore' | 'delete' }
  | { action: 'reshare'; oldThresholdSignatureScheme: string; newThresholdSignatureScheme: string }
);

/** What a request would do. */
export interface WalletIntent {
  /** Registered already: give it to `promptStepUpAuth`, and to the call. */
  binding: StepUpBinding;
  intentHash: string;
  summary: string;
  lines: { label: string; value: string }[];
  spends: { asset: string; amount: string; decimals: number; symbol?: string; to?: string }[];
  /** No amount can be told. */
  unvalued: boolean;
  /** The summary says every recipient, amount and call; what it leaves out is in {@link hidden}. */
  shown: boolean;
  hidden?: string;
  scope: string;
  authorizationDetails: unknown[];
}

/**
 * Asks what a request to an embedded wallet would do, in the server's words, without doing it. A proof that is bound to it opens that
 * and nothing else.
 *
 * @throws APIError `blind_signing_refused`, `wallet_not_found`.
 * @example
 * ```ts
 * import { getWalletIntent, promptStepUpAuth, signWithWallet } from '@stepup-auth/client';
 *
 * const request = { walletId: '0b2f6d1e-6a3c-4a57-8a33-3f3ad6ed6f0f', message: 'Hello' };
 * const { binding } = await getWalletIntent(request);
 * await promptStepUpAuth({ requestedScopes: ['wallet:sign'], binding });
 * await signWithWallet({ ...request, binding });
 * ```
 */
export const getWalletIntent = async (params: GetWalletIntentParams, client?: StepUpClient): Promise<WalletIntent> => {
  const { walletId, ...body } = params;
  const json = await call(client, { method: 'POST', path: path`/waas/${walletId}/intents`, body });
  return read((value) => {
    const from = objectOf(value);
    const { bindingId, bindingHash: hash, summary, expiresAt, mustDisplay } = from;
    return {
      ...(from as unknown as Omit<WalletIntent, 'binding' | 'hidden'>),
      ...(Array.isArray(memberOf(from, 'hidden')) ? { hidden: (memberOf(from, 'hidden') as unknown[]).join(', ') } : {}),
      ...(textOf(from, 'hidden') === undefined ? {} : { hidden: textOf(from, 'hidden')! }),
      binding: StepUpBindingFromJSON({ bindingId, hash, summary, expiresAt, mustDisplay }),
    };
  }, json);
};
