import { type ExternalAuthAssertionResponse, ExternalAuthAssertionResponseFromJSON } from '@stepup-auth/core';
import { SessionEndedError } from './errors/SessionEndedError.js';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { read } from './internal/json.js';
import { send } from './internal/send.js';
import { bank, heldOf } from './internal/tokens.js';

export interface RequestExternalAuthElevatedTokenParams {
  /** The assertion that your backend signed: `iss aud sub scope jti iat exp`. */
  externalJwt: string;
  /** The one transaction to confirm, from `registerBinding`; the assertion's `binding_hash` must be its hash. */
  bindingId?: string | undefined;
}

/**
 * Trades an assertion of your own login for a token, which is held afterwards. Each assertion works once.
 *
 * @throws InvalidExternalAuthError if it does not hold.
 * @example
 * ```ts
 * import { requestExternalAuthElevatedToken } from '@stepup-auth/client';
 *
 * const externalJwt = await (await fetch('/my-login/assertion?scope=wallet:export')).text();
 * await requestExternalAuthElevatedToken({ externalJwt });
 * ```
 */
export const requestExternalAuthElevatedToken = async (
  { externalJwt, bindingId }: RequestExternalAuthElevatedTokenParams,
  client?: StepUpClient,
): Promise<ExternalAuthAssertionResponse> => {
  const { core, within } = await begin(client, 'required');
  const json = await send(core, { method: 'POST', path: '/externalAuth/verify', session: within, body: { jwt: externalJwt, bindingId } });
  const answer = read(ExternalAuthAssertionResponseFromJSON, json);
  const held = heldOf(answer.elevatedAccessToken, within, core.config.environmentId, core.config.now());
  const alive = await core.update((state) => {
    if (state.session?.sessionId !== within.sessionId) return false;
    bank(state, held);
    return true;
  });
  if (!alive) throw new SessionEndedError();
  return answer;
};
