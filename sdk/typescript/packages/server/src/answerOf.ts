import { challenge, write } from './internal/answer.js';
import type { Answer, Refusal } from './refusal.js';

/**
 * A refusal as it is sent by default: JSON with `code` and, where a proof would help, a `payload` that names scope and reason; a 403 with
 * `WWW-Authenticate: Bearer error="insufficient_scope"` (RFC 6750 section 3), and a challenge with each 401.
 *
 * @example
 * ```ts
 * import { answerOf, type Refusal } from '@stepup-auth/server';
 *
 * const refuse = (refusal: Refusal) => {
 *   console.log(refusal.requestId, refusal.error.message);
 *   return answerOf(refusal);
 * };
 * console.log(typeof refuse);
 * ```
 */
export const answerOf = (refusal: Refusal): Answer => write(refusal, authenticate(refusal));

const authenticate = ({ status, code, scope = '' }: Refusal): string | undefined => {
  if (code === 'elevated_access_token_required') return challenge(['error', 'insufficient_scope'], ['scope', scope]);
  if (code === 'invalid_session') return challenge(['error', 'invalid_token']);
  return status === 401 ? 'Bearer' : undefined;
};
