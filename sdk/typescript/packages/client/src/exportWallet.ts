import { MFAAction, type StepUpBinding } from '@stepup-auth/core';
import { InvalidResponseError } from './errors/InvalidResponseError.js';
import type { StepUpClient } from './internal/client.js';
import { textOf } from './internal/json.js';
import { path } from './internal/path.js';
import { base64url } from './internal/random.js';
import { operate } from './internal/waas.js';

export interface ExportWalletParams {
  walletId: string;
  /** An X25519 public key, made for this one export: its 32 bytes, or those in base64url. */
  recipientKey: Uint8Array | string;
  /** The intent that was confirmed, from `getWalletIntent`. */
  binding?: StepUpBinding;
}

/** The private key, sealed by HPKE (RFC 9180): DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-256-GCM, base mode. */
export interface SealedKey {
  /** Base64url. */
  encapsulatedKey: string;
  /** Base64url. */
  ciphertext: string;
  /** The text that the key is sealed with. */
  info: string;
  address: string;
  chain: string;
}

/**
 * Gives the private key of an embedded wallet to whoever holds the recipient key; nobody in between can read it. It needs a token for
 * `wallet:export`. Inside is hex (EVM), or base58 of seed and public key (Solana).
 *
 * @throws StepUpRequiredError without a token, APIError `wallet_export_disabled`, `wallet_limit_exceeded`, `wallet_not_found`.
 * @example
 * ```ts
 * import { exportWallet } from '@stepup-auth/client';
 *
 * const pair = (await crypto.subtle.generateKey('X25519', false, ['deriveBits'])) as CryptoKeyPair;
 * const recipientKey = new Uint8Array(await crypto.subtle.exportKey('raw', pair.publicKey));
 * const sealed = await exportWallet({ walletId: '0b2f6d1e-6a3c-4a57-8a33-3f3ad6ed6f0f', recipientKey });
 * console.log(sealed.address);
 * ```
 */
export const exportWallet = async ({ walletId, recipientKey, binding }: ExportWalletParams, client?: StepUpClient): Promise<SealedKey> => {
  const json = await operate(client, {
    path: path`/waas/${walletId}/privateKey/export`,
    body: { exportPublicKey: typeof recipientKey === 'string' ? recipientKey : base64url(recipientKey) },
    scopes: ['wallet:export'],
    legacy: MFAAction.WalletWaasExport,
    binding,
  });
  const member = (name: string): string => {
    const value = textOf(json, name);
    if (value === undefined) throw new InvalidResponseError();
    return value;
  };
  return {
    encapsulatedKey: member('encapsulatedKey'),
    ciphertext: member('ciphertext'),
    info: member('info'),
    address: member('address'),
    chain: member('chain'),
  };
};
