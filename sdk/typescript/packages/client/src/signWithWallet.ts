import { MFAAction, type StepUpBinding } from '@stepup-auth/core';
import type { StepUpClient } from './internal/client.js';
import { InvalidResponseError } from './errors/InvalidResponseError.js';
import { memberOf, textOf } from './internal/json.js';
import { path } from './internal/path.js';
import { operate } from './internal/waas.js';

/** Exactly one thing to sign, in full; nothing is signed blind. */
export type WalletRequest =
  | { message: string; encoding?: 'hex' | 'base64' | 'base58' }
  | { typedData: object }
  | { transaction: string | object; encoding?: 'hex' | 'base64' | 'base58' }
  | { authorization: object };

export type SignWithWalletParams = WalletRequest & {
  walletId: string;
  /** The intent that was confirmed, from `getWalletIntent`. */
  binding?: StepUpBinding;
};

export interface WalletSignature {
  signature: string;
  /** Of a transaction: what to broadcast. */
  signedTransaction?: string;
  operationId: string;
  intentHash: string;
}

/**
 * Signs a message, typed data, a transaction or an authorization with an embedded wallet. It needs a token for `wallet:sign` where
 * that action is on, bound to the intent where policy wants it.
 *
 * @throws StepUpRequiredError without a token, APIError `blind_signing_refused`, `wallet_limit_exceeded`, `wallet_not_found`.
 * @example
 * ```ts
 * import { signWithWallet } from '@stepup-auth/client';
 *
 * const { signature } = await signWithWallet({ walletId: '0b2f6d1e-6a3c-4a57-8a33-3f3ad6ed6f0f', message: 'Hello' });
 * console.log(signature);
 * ```
 */
export const signWithWallet = async (params: SignWithWalletParams, client?: StepUpClient): Promise<WalletSignature> => {
  const { walletId, binding, ...body } = params;
  const json = await operate(client, {
    path: path`/waas/${walletId}/signMessage`,
    body,
    scopes: ['wallet:sign'],
    legacy: MFAAction.WalletWaasSign,
    binding,
  });
  const [signature, signedTransaction] = [textOf(json, 'signature'), textOf(json, 'signedTransaction')];
  if (signature === undefined) throw new InvalidResponseError();
  return {
    signature,
    ...(signedTransaction === undefined ? {} : { signedTransaction }),
    operationId: String(memberOf(json, 'operationId')),
    intentHash: String(memberOf(json, 'intentHash')),
  };
};
