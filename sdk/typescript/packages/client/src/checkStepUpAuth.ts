import type { StepUpCheckResponse } from '@stepup-auth/core';
import { InvalidParamError } from './errors/InvalidParamError.js';
import { begin } from './internal/call.js';
import { check } from './internal/check.js';
import { coreOf, type StepUpClient } from './internal/client.js';
import type { Scope } from './internal/scope.js';

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
  return check(begin(client, 'required'), scope);
};
