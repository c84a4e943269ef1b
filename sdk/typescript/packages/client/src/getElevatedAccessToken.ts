import { coreOf, type StepUpClient } from './internal/client.js';
import type { Scope } from './internal/scope.js';
import { drop, find } from './internal/tokens.js';

export interface GetElevatedAccessTokenParams {
  scope: Scope;
  /** Whether one that works once leaves the store, because you are about to use it; true by default. */
  consume?: boolean;
  /** Hash of a binding, for the token that is bound to that transaction. */
  boundTo?: string;
}

/**
 * A live token for a scope that is held, or undefined. It is for your own server, which guards the scope: the calls of this package
 * attach theirs by themselves. Send it in the header `Elevated-Access-Token`, to your server and nobody else.
 *
 * @throws NoClientError without a client.
 * @example
 * ```ts
 * import { getElevatedAccessToken } from '@stepup-auth/client';
 *
 * const token = getElevatedAccessToken({ scope: 'transfer:create' });
 * if (token) await fetch('/transfers', { method: 'POST', headers: { 'Elevated-Access-Token': token }, redirect: 'error' });
 * ```
 */
export const getElevatedAccessToken = (
  { scope, consume = true, boundTo }: GetElevatedAccessTokenParams,
  client?: StepUpClient,
): string | undefined => {
  const core = coreOf(client);
  const held = find(core.state, [scope], boundTo ?? null, core.config.now(), core.busy);
  if (held && held.singleUse && consume) {
    core.busy.add(held.token); // what another tab keeps meanwhile may still have it
    void core.updateNow((state) => drop(state, held.token)).then(() => core.busy.delete(held.token));
  }
  return held?.token;
};
