import { type VerifyResponse, VerifyResponseFromJSON } from '@stepup-auth/core';
import { IdentityMismatchError } from '../errors/IdentityMismatchError.js';
import { NoElevatedTokenError } from '../errors/NoElevatedTokenError.js';
import { SessionEndedError } from '../errors/SessionEndedError.js';
import { claimsOf } from './claims.js';
import type { Core } from './core.js';
import { waits } from './device.js';
import { memberOf, read } from './json.js';
import { usesCookies } from './settings.js';
import { emptyState, type Session } from './state.js';
import { bank, dropElevated, heldOf } from './tokens.js';

export interface Expected {
  /** The session that the call was made in; null for one that signs in. */
  readonly within: Session | null;
  /** Scopes that were asked for: without a token for them it was no step-up. */
  readonly requestedScopes?: readonly string[] | undefined;
  readonly createMfaToken?: { singleUse: boolean } | undefined;
  /** It enrolled a factor; tokens from weaker proofs are dead if it was the first. */
  readonly enrolled?: boolean;
}

/**
 * Takes over the answer to whatever signs in or proves something: the session, the user and the tokens in it. Nothing of it is kept
 * unless all of it is of this environment, and of the session the call was made in.
 */
export const verified = async (core: Core, json: unknown, expected: Expected): Promise<VerifyResponse> => {
  const response = read(VerifyResponseFromJSON, json);
  const session = sessionOf(core, response, json);
  const { within, requestedScopes } = expected;
  const follows = session.sessionId !== within?.sessionId && waits(within?.user); // the device is registered by now
  if (within && (session.userId !== within.userId || (session.sessionId !== within.sessionId && !follows))) throw new IdentityMismatchError();
  const held = response.elevatedAccessToken
    ? heldOf(response.elevatedAccessToken, session, core.config.environmentId, core.config.now())
    : undefined;
  const first = expected.enrolled === true && within !== null && !hasFactor(within);
  const alive = await core.update((state) => {
    if (within && state.session?.sessionId !== within.sessionId) return false;
    if (state.session?.sessionId !== session.sessionId) Object.assign(state, emptyState());
    state.session = session;
    if (first) dropElevated(state);
    if (held) bank(state, held);
    if (response.mfaToken) state.mfa = { token: response.mfaToken, singleUse: expected.createMfaToken?.singleUse ?? true };
    return true;
  });
  if (!alive) throw new SessionEndedError();
  if (requestedScopes?.length && !requestedScopes.every((scope) => held?.scopes.includes(scope))) throw new NoElevatedTokenError();
  return response;
};

const sessionOf = (core: Core, response: VerifyResponse, json: unknown): Session => {
  const { user, minifiedJwt: token } = response;
  const now = core.config.now();
  if (user.projectEnvironmentId !== core.config.environmentId || !user.sessionId) throw new IdentityMismatchError();
  const session = { userId: user.id, sessionId: user.sessionId, token: token ?? null, idToken: response.jwt ?? null, user: memberOf(json, 'user') };
  if (token === undefined) {
    if (!usesCookies(core.settings)) throw new IdentityMismatchError('The server sent no session token.');
    return { ...session, since: now, until: response.expiresAt * 1000 - core.serverAhead }; // script cannot see the token
  }
  const claims = claimsOf(token);
  if (claims['environment_id'] !== core.config.environmentId || claims['sub'] !== user.id || claims['sid'] !== user.sessionId) {
    throw new IdentityMismatchError();
  }
  const [iat, exp] = [claims['iat'], claims['exp']];
  const until = typeof iat === 'number' && typeof exp === 'number' ? now + (exp - iat) * 1000 : 0;
  return { ...session, since: now, until };
};

const hasFactor = (session: Session): boolean => {
  const credentials = memberOf(session.user, 'verifiedCredentials');
  return Array.isArray(credentials) && credentials.some((credential) => ['totp', 'passkey'].includes(String(memberOf(credential, 'format'))));
};
