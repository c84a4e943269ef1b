import { createHash } from 'node:crypto';
import { writeCanonical } from './internal/canonical.js';
import { parseJson } from './internal/json.js';

/**
 * The hash that stands for authorization_details (RFC 9396): lower-case hexadecimal SHA-256 over their canonical form. They are JSON: a
 * list of at least one object, each with a `type`.
 *
 * @throws Error if they are not, and for a number that a double cannot hold exactly, because two amounts with one hash would be a hole:
 * write amounts as strings.
 * @example
 * ```ts
 * import { hashDetails } from '@stepup-auth/server';
 *
 * console.log(hashDetails('[{"type":"transfer","amount":"25","payee":"bob"}]'));
 * ```
 */
export const hashDetails = (details: string | Uint8Array): string => {
  let text: string;
  try {
    text = writeCanonical(details, true);
  } catch (error) {
    throw new Error(`hashing authorization_details: ${(error as Error).message}`);
  }
  const value = parseJson(text);
  const good = value.kind === 'list' && value.list.length > 0 && value.list.every((detail) => {
    const type = detail.kind === 'object' ? detail.members.get('type') : undefined;
    return type?.kind === 'text' && type.value !== '';
  });
  if (!good) throw new Error('authorization_details must be a list of at least one object, each with a "type"');
  return createHash('sha256').update(text).digest('hex');
};
