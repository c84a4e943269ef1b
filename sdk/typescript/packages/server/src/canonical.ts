import { writeCanonical } from './internal/canonical.js';

/**
 * The one way in which RFC 8785 (JSON Canonicalization Scheme) writes a JSON document. Two documents mean the same exactly if their
 * canonical forms are equal. Numbers are doubles, so digits that a double cannot hold are lost; see `hashDetails`.
 *
 * @throws Error for what readers may understand differently: a member that appears twice at any depth, invalid UTF-8, half of a surrogate
 * pair, a number beyond a double, nesting of more than 16.
 * @example
 * ```ts
 * import { canonical } from '@stepup-auth/server';
 *
 * console.log(canonical('{ "b": 1.0, "a": [] }')); // {"a":[],"b":1}
 * ```
 */
export const canonical = (document: string | Uint8Array): string => {
  try {
    return writeCanonical(document, false);
  } catch (error) {
    throw new Error(`making JSON canonical: ${(error as Error).message}`);
  }
};
