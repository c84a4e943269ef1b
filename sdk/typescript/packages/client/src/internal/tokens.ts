import { IdentityMismatchError } from '../errors/IdentityMismatchError.js';
import { InvalidResponseError } from '../errors/InvalidResponseError.js';
import { claimsOf } from './claims.js';
import { memberOf, textOf } from './json.js';
import { belongs, type Held, type Session, type State } from './state.js';

/** Tokens are given up this long before they end, so that none ends on its way. */
const margin = 2_000;

/**
 * Reads an elevated token that the server has just minted. Its life is counted from now, whatever the clock of this machine says:
 * it may be minutes off.
 */
export const heldOf = (token: string, session: Pick<Session, 'userId' | 'sessionId'>, environmentId: string, now: number): Held => {
  const claims = claimsOf(token);
  const [scope, exp, iat] = [textOf(claims, 'scope'), memberOf(claims, 'exp'), memberOf(claims, 'iat')];
  if (!scope || typeof exp !== 'number') throw new InvalidResponseError('The elevated access token says neither for what nor until when.');
  if (!belongs(token, session, environmentId)) throw new IdentityMismatchError();
  const life = typeof iat === 'number' ? (exp - iat) * 1000 : exp * 1000 - now;
  return {
    token,
    scopes: scope.split(' '),
    singleUse: memberOf(claims, 'singleUse') === true,
    until: now + life - margin,
    boundTo: textOf(claims, 'authorization_details_hash') ?? null,
  };
};

/** Keeps a token. One for the same scopes and the same transaction takes the place of the older. */
export const bank = (state: State, held: Held): void => {
  const same = (other: Held): boolean => other.boundTo === held.boundTo && [...other.scopes].sort().join(' ') === [...held.scopes].sort().join(' ');
  state.elevated = [...state.elevated.filter((other) => !same(other)), held];
};

/**
 * Finds a live token for one of the scopes, in their order. With a transaction's hash it is the token that is bound to it, else one
 * that is bound to nothing; what is bound to something else is never chosen.
 */
export const find = (state: State, scopes: readonly string[], boundTo: string | null, now: number, busy?: ReadonlySet<string>): Held | undefined => {
  const live = state.elevated.filter((held) => held.until > now && !busy?.has(held.token));
  for (const scope of scopes) {
    const good = live.filter((held) => held.scopes.includes(scope));
    const found = (boundTo !== null && good.find((held) => held.boundTo === boundTo)) || good.find((held) => held.boundTo === null);
    if (found) return found;
  }
  return undefined;
};

/** Forgets one token of either kind. */
export const drop = (state: State, token: string): void => {
  state.elevated = state.elevated.filter((held) => held.token !== token);
  if (state.mfa?.token === token) state.mfa = null;
};

/** Forgets all elevated tokens: the account is not what it was when they were minted. */
export const dropElevated = (state: State): void => {
  state.elevated = [];
};
