import { type FoundKey, readJwk } from './internal/jwk.js';
import { Members, namesOf } from './internal/members.js';
import type { Key } from './keys.js';

const maxKeys = 100;
const setNames = namesOf('keys');
const keyNames = namesOf('kty', 'use', 'key_ops', 'alg', 'kid', 'crv', 'x', 'y', 'n', 'e', 'd', 'k');

/**
 * Reads a JWK Set (RFC 7517 section 5). Keys that are of no use here are left out: other types, curves, algorithms and uses, no kid, a
 * point off the curve, too few bits, a private part, a kid that another of the useful keys of its algorithm has too. Keys of different
 * algorithms may share a kid.
 *
 * @throws Error for what is no JWK Set, or has a member twice.
 * @example
 * ```ts
 * import { parseJwks } from '@stepup-auth/server';
 *
 * const keys = await parseJwks('{"keys":[]}');
 * console.log(keys.length);
 * ```
 */
export const parseJwks = async (document: string | Uint8Array): Promise<Key[]> => {
  let list;
  try {
    list = Members.read(document, setNames).required('keys');
  } catch (error) {
    throw new Error(`parsing JWK set: ${(error as Error).message}`);
  }
  if (list.kind !== 'list' || list.list.length > maxKeys) throw new Error(`parsing JWK set: keys is not a list of at most ${maxKeys} keys`);
  const found: FoundKey[] = [];
  for (const jwk of list.list) {
    try {
      found.push(await readJwk(new Members(jwk, keyNames)));
    } catch {
      // of no use here
    }
  }
  return unambiguous(found);
};

/** Leaves out every kid that stands for more than one key of an algorithm. The same key written twice is one. */
const unambiguous = (found: FoundKey[]): Key[] => {
  const same = (a: FoundKey, b: FoundKey) => a.key.id === b.key.id && a.key.algorithm === b.key.algorithm;
  return found
    .filter((one, i) => !found.some((other) => same(one, other) && one.material !== other.material) && !found.slice(0, i).some((other) => same(one, other)))
    .map(({ key }) => key);
};
