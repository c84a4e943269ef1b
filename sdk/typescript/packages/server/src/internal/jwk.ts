import { importJWK, type JWK } from 'jose';
import type { Algorithm, Key } from '../keys.js';
import { base64url } from './base64url.js';
import { fault, type Members } from './members.js';

export const maxKeyId = 256;
const minRsaBits = 2048;
const maxRsaBits = 8192;

/** A key of a JWK Set, and what it is made of, in one way to write it. */
export interface FoundKey {
  key: Key;
  material: string;
}

/** Reads a public key that verifies signatures; throws for all others. */
export const readJwk = async (r: Members): Promise<FoundKey> => {
  const id = r.text('kid');
  const [kind, curve, use, alg, operations] = [r.text('kty'), r.optional('crv'), r.optional('use'), r.optional('alg'), r.texts('key_ops')];
  if (r.has('d') || Buffer.byteLength(id) > maxKeyId || (use !== undefined && use !== 'sig') || (operations.length > 0 && !operations.includes('verify'))) {
    throw new Error('not a public key for verifying signatures');
  }
  const binary = (name: string, size?: number): Buffer => {
    const bytes = base64url(r.text(name));
    return bytes === undefined || (size !== undefined && bytes.length !== size) ? fault(name, 'is not base64url of the right size') : bytes;
  };
  const made = (algorithm: Algorithm, jwk: JWK) => ({ algorithm, jwk });
  const text = (bytes: Buffer) => bytes.toString('base64url');
  const { algorithm, jwk } = ((): { algorithm: Algorithm; jwk: JWK } => {
    if (kind === 'EC' && curve === 'P-256') return made('ES256', { kty: kind, crv: curve, x: text(binary('x', 32)), y: text(binary('y', 32)) });
    if (kind === 'OKP' && curve === 'Ed25519') return made('EdDSA', { kty: kind, crv: curve, x: text(binary('x', 32)) });
    if (kind === 'RSA') {
      const [n, e] = [unsigned(binary('n')), unsigned(binary('e'))];
      const exponent = e.length <= 4 ? Number(`0x${e.toString('hex') || '0'}`) : 0;
      if (!goodModulus(n) || exponent < 3 || exponent > 2 ** 31 - 1 || exponent % 2 === 0) fault('n', 'is not the modulus of a good key');
      return made('RS256', { kty: kind, n: text(n), e: text(e) });
    }
    throw new Error('not a key of a known kind');
  })();
  if (alg !== undefined && alg !== algorithm) fault('alg', 'is not that of the key');
  const publicKey = (await importJWK(jwk, algorithm)) as CryptoKey;
  return { key: { id, algorithm, publicKey }, material: JSON.stringify(jwk) };
};

/** A number without zeros before it. */
const unsigned = (bytes: Buffer): Buffer => {
  const first = bytes.findIndex((byte) => byte !== 0);
  return first < 0 ? Buffer.alloc(0) : bytes.subarray(first);
};

const goodModulus = (n: Buffer): boolean => {
  const bits = n.length === 0 ? 0 : n.length * 8 - (Math.clz32(n[0] as number) - 24);
  return bits >= minRsaBits && bits <= maxRsaBits && ((n.at(-1) as number) & 1) === 1;
};
