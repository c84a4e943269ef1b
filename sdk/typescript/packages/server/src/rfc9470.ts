import { answerOf } from './answerOf.js';
import { challenge, write } from './internal/answer.js';
import type { Answer, Refusal } from './refusal.js';

/**
 * A `refuse` for guards that asks for step-up in the words of RFC 9470 section 3, for clients that speak them: a 401 with the error
 * insufficient_user_authentication, the acr values that would do and the age in seconds that a proof may have. The body and all other
 * refusals are those of `answerOf`.
 *
 * Published clients of the Dynamic API sign the user out at a 401: keep the default for them.
 *
 * @example
 * ```ts
 * import { rfc9470 } from '@stepup-auth/server';
 *
 * const refuse = rfc9470({ maxAge: 300, acrValues: ['urn:stepup:mfa'] });
 * console.log(typeof refuse);
 * ```
 */
export const rfc9470 = ({ maxAge = 0, acrValues = [] }: { maxAge?: number | undefined; acrValues?: readonly string[] | undefined } = {}) => (refusal: Refusal): Answer => {
  if (refusal.code !== 'elevated_access_token_required') return answerOf(refusal);
  const authenticate = challenge(
    ['error', 'insufficient_user_authentication'], ['error_description', 'A fresh proof is required'], ['scope', refusal.scope ?? ''],
    ...(acrValues.length > 0 ? [['acr_values', acrValues.join(' ')] as const] : []),
    ...(maxAge > 0 ? [['max_age', String(Math.floor(maxAge))] as const] : []),
  );
  return write({ ...refusal, status: 401 }, authenticate);
};
