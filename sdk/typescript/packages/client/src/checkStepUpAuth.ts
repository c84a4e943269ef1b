import { type StepUpCheckResponse, StepUpCheckResponseFromJSON } from '@stepup-auth/core';
import { APIError } from './errors/APIError.js';
import { InvalidParamError } from './errors/InvalidParamError.js';
import { begin } from './internal/call.js';
import { coreOf, type StepUpClient } from './internal/client.js';
import { read } from './internal/json.js';
import type { Scope } from './internal/scope.js';
import { send } from './internal/send.js';
import { find } from './internal/tokens.js';

/** The answer of `checkStepUpAuth`. */
export interface StepUpCheck extends StepUpCheckResponse {
  /** What went wrong when `reason` is `check_failed`. */
  error?: unknown;
}

/**
 * Asks whether a proof is needed for a scope, and with what it could be given. While a token for it is held the answer is no, without
 * a request.
 *
 * It never rejects because the server could not be asked: uncertainty means that a proof is required. Then `credentials` is empty and
 * `reason` is `check_failed`, unlike `no_method`, which says that the user has nothing that would do.
 *
 * @throws NoClientError without a client, InvalidParamError without a scope, APIError `invalid_scopes` for one that the environment does
 * not have.
 * @example
 * ```ts
 * import { checkStepUpAuth } from '@stepup-auth/client';
 * import { TokenScope } from '@stepup-auth/core';
 *
 * const { isRequired, credentials } = await checkStepUpAuth({ scope: TokenScope.Walletexport });
 * if (isRequired) console.log(credentials.map((credential) => credential.alias));
 * ```
 */
export const checkStepUpAuth = async ({ scope }: { scope: Scope }, client?: StepUpClient): Promise<StepUpCheck> => {
  if (typeof scope !== 'string' || scope === '') throw new InvalidParamError('checkStepUpAuth needs a scope.');
  coreOf(client);
  try {
    const core = await begin(client, 'required');
    const held = find(core.state, [scope], null, core.config.now(), core.busy);
    if (held) return { isRequired: false, credentials: [], reason: 'held', singleUse: held.singleUse };
    return read(StepUpCheckResponseFromJSON, await send(core, { method: 'POST', path: '/stepUp/check', session: 'required', body: { scope }, repeat: true }));
  } catch (error) {
    if (error instanceof APIError && error.code === 'invalid_scopes') throw error; // it was asked, and says what is wrong with the question
    return { isRequired: true, credentials: [], reason: 'check_failed', error };
  }
};
