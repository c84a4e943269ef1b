import type { SealedKey } from '../../sdk/typescript/packages/client/src/exportWallet.js';
import type { RevealFailure, RevealWallet } from '../../sdk/typescript/packages/client/src/internal/revealMessages.js';
import { Aes256Gcm, CipherSuite, DhkemX25519HkdfSha256, HkdfSha256 } from '../thirdparty/hpke.js';
import { addressOf } from './address.js';

const suite = new CipherSuite({ kem: new DhkemX25519HkdfSha256(), kdf: new HkdfSha256(), aead: new Aes256Gcm() });

export interface OpenedKey {
  readonly key: string;
  /** Found from the key itself. */
  readonly address: string;
}

/** The wallet of an environment that a key must be of. */
export interface Expected extends RevealWallet {
  readonly environmentId: string;
}

/** A key pair whose private half no script can read, not even this one. */
export const newRecipient = async (): Promise<CryptoKeyPair> =>
  (await crypto.subtle.generateKey('X25519', false, ['deriveBits'])) as CryptoKeyPair;

/** Opens what was sealed to the pair, if it is the key of that wallet. */
export const open = async (pair: CryptoKeyPair, sealed: SealedKey, wallet: Expected): Promise<OpenedKey | RevealFailure> => {
  const key = await plaintext(pair, sealed, wallet).catch(() => undefined);
  if (key === undefined) return 'unreadable';
  const address = await addressOf(wallet.chain, key);
  return address === undefined || address !== wallet.address ? 'foreign' : { key, address };
};

const plaintext = async (pair: CryptoKeyPair, { encapsulatedKey, ciphertext, info }: SealedKey, wallet: Expected): Promise<string | undefined> => {
  const [purpose, environmentId, walletId, operationId, ...more] = info.split('\n');
  if (purpose !== 'stepup wallet export v1' || environmentId !== wallet.environmentId || walletId !== wallet.walletId) return undefined;
  if (!operationId || more.length > 0) return undefined;
  const context = await suite.createRecipientContext({ recipientKey: pair, enc: bytesOf(encapsulatedKey), info: new TextEncoder().encode(info) });
  return new TextDecoder('utf-8', { fatal: true }).decode(await context.open(bytesOf(ciphertext)));
};

const bytesOf = (base64url: string): ArrayBuffer =>
  Uint8Array.from(atob(base64url.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0)).buffer;
