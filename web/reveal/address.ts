import { keccak_256 } from '../thirdparty/keccak.js';
import { getPublicKey } from '../thirdparty/secp256k1.js';
import { fromBase58, toBase58 } from './base58.js';

/**
 * The address that a private key has, in the form in which it is exported: hex on EVM, base58 of seed and public key on Solana. Undefined
 * where it is no such key.
 */
export const addressOf = async (chain: string, key: string): Promise<string | undefined> => {
  try {
    return chain === 'EVM' ? evmAddress(key) : chain === 'SOL' ? await solanaAddress(key) : undefined;
  } catch {
    return undefined;
  }
};

/** Whether the browser can tell the address of a chain's keys: not all know Ed25519. */
export const knowsChain = async (chain: string): Promise<boolean> => {
  if (chain !== 'SOL') return chain === 'EVM';
  return (await publicKeyOf(new Uint8Array(32)).catch(() => undefined)) !== undefined;
};

const hex = (bytes: Uint8Array): string => Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');

const evmAddress = (key: string): string | undefined => {
  if (!/^[0-9a-f]{64}$/.test(key)) return undefined;
  const bytes = Uint8Array.from(key.match(/../g) ?? [], (byte) => Number.parseInt(byte, 16));
  const point = getPublicKey(bytes, false);
  bytes.fill(0);
  const digits = hex(keccak_256(point.subarray(1)).subarray(12));
  const sum = hex(keccak_256(new TextEncoder().encode(digits)));
  return `0x${Array.from(digits, (digit, i) => (Number.parseInt(sum[i] ?? '0', 16) >= 8 ? digit.toUpperCase() : digit)).join('')}`;
};

const solanaAddress = async (key: string): Promise<string | undefined> => {
  const bytes = fromBase58(key, 64);
  if (!bytes) return undefined;
  const [derived, written] = [await publicKeyOf(bytes.subarray(0, 32)), bytes.slice(32)];
  bytes.fill(0);
  return toBase58(derived) === toBase58(written) ? toBase58(written) : undefined;
};

/** RFC 8410 around 32 bytes: what browsers take a seed in. */
const pkcs8 = [0x30, 0x2e, 0x02, 0x01, 0x00, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x04, 0x22, 0x04, 0x20];

const publicKeyOf = async (seed: Uint8Array): Promise<Uint8Array> => {
  const wrapped = Uint8Array.from([...pkcs8, ...seed]);
  const key = await crypto.subtle.importKey('pkcs8', wrapped, 'Ed25519', true, ['sign']);
  wrapped.fill(0);
  const { x = '' } = await crypto.subtle.exportKey('jwk', key);
  return Uint8Array.from(atob(x.replaceAll('-', '+').replaceAll('_', '/')), (letter) => letter.charCodeAt(0));
};
