import { compactVerify } from 'jose';
import { DeniedError } from '../errors/DeniedError.js';
import type { Algorithm, Key } from '../keys.js';
import { base64url } from './base64url.js';
import { JsonError } from './json.js';
import { maxKeyId } from './jwk.js';
import { fault, Members, namesOf } from './members.js';

/** The longest token that is looked at. */
export const maxTokenLength = 8 * 1024;

const headerNames = namesOf('alg', 'typ', 'kid', 'crit', 'enc', 'zip', 'b64', 'cty', 'jku', 'jwk', 'x5u', 'x5c', 'x5t', 'x5t#S256', 'nonce');
const issuerNames = namesOf('iss');
const algorithms: readonly string[] = ['ES256', 'EdDSA', 'RS256'];

/** A signed token that was taken apart. Its header says which key to look for, and nothing else until the signature was verified. */
export interface Token {
  text: string;
  algorithm: Algorithm;
  type: string | undefined;
  keyId: string;
  payload: Buffer;
}

export const invalid = (message: string): DeniedError => new DeniedError({ kind: 'invalid', message });

/** Turns whatever is wrong with a text into the refusal of the token. */
export const refusing = <T>(read: () => T): T => {
  try {
    return read();
  } catch (error) {
    if (error instanceof JsonError) throw invalid(error.message);
    throw error;
  }
};

/**
 * Takes a token apart. Keys that it names or brings along (jku, jwk, x5u, x5c) are ignored; a header that changes the meaning of the rest
 * (crit, enc, zip, b64) is refused.
 */
export const parseToken = (text: string): Token => {
  const parts = typeof text === 'string' && text.length <= maxTokenLength ? text.split('.') : [];
  const [header, payload, signature] = parts.map(base64url);
  if (parts.length !== 3 || parts.includes('') || header === undefined || payload === undefined || signature === undefined) throw invalid('not a signed JWT');
  return refusing(() => {
    const r = Members.read(header, headerNames);
    for (const name of ['crit', 'enc', 'zip', 'b64']) if (r.has(name)) fault(name, 'is not supported');
    const [algorithm, type, keyId] = [r.text('alg'), r.optional('typ'), r.text('kid')];
    if (!algorithms.includes(algorithm)) fault('alg', 'is not supported');
    if (Buffer.byteLength(keyId) > maxKeyId) fault('kid', 'is too long');
    return { text, algorithm: algorithm as Algorithm, type, keyId, payload };
  });
};

/** Whether the token was signed with the key. */
export const signedBy = async (token: Token, key: Key): Promise<boolean> => {
  if (key.id !== token.keyId || key.algorithm !== token.algorithm) return false;
  try {
    await compactVerify(token.text, key.publicKey, { algorithms: [key.algorithm] });
    return true;
  } catch {
    return false;
  }
};

/** The iss that a token writes of itself, which nobody has verified: a hint for an operator, and nothing else. */
export const claimedIssuer = (token: Token): string | undefined => {
  try {
    return Members.read(token.payload, issuerNames).optional('iss');
  } catch {
    return undefined;
  }
};
