import { bearerToken } from './bearerToken.js';
import type { Verifier } from './createVerifier.js';
import { DeniedError } from './errors/DeniedError.js';
import { isDenied } from './isDenied.js';
import type { Caller, GuardRequest } from './requests.js';

/**
 * The `caller` of a guard that is used by default: the user of the session token in Authorization: Bearer. Sessions whose sign-in is not
 * finished are refused.
 *
 * Sessions are verified offline: one that was signed out or revoked counts until its token expires, which takes up to sessions.idle of the
 * environment. Where that is too long make sessions.idle shorter, or write a caller that asks `introspect` besides. A token that is spent
 * at the issuer is refused at once.
 *
 * @example
 * ```ts
 * import { createVerifier, sessionCaller } from '@stepup-auth/server';
 *
 * const verifier = createVerifier({ issuer: 'https://auth.example.com/api/v0/sdk/11111111-2222-4333-8444-555555555555' });
 * const caller = sessionCaller(verifier);
 * console.log(typeof caller);
 * ```
 */
export const sessionCaller = (verifier: Verifier) => async (request: GuardRequest): Promise<Caller> => {
  const token = bearerToken(request);
  let session;
  try {
    session = await verifier.session(token);
  } catch (error) {
    if (!(error instanceof DeniedError) || isDenied(error, 'unavailable')) throw error;
    throw new DeniedError({ kind: 'invalid_session', message: error.message, note: error.note }); // an expired session is no expired token
  }
  if (!session.complete) throw new DeniedError({ kind: 'unauthenticated', message: 'the sign-in is not finished' });
  return { subject: session.subject, session: session.session };
};
