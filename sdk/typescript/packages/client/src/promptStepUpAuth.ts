import type { StepUpBinding } from '@stepup-auth/core';
import { InvalidParamError } from './errors/InvalidParamError.js';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { obtain } from './internal/obtain.js';
import type { StepUpMethods } from './internal/only.js';
import type { Scope } from './internal/scope.js';

export interface PromptStepUpAuthParams {
  requestedScopes: readonly Scope[];
  /** The one transaction to confirm, from `registerBinding`. */
  binding?: StepUpBinding;
  /** Which proofs may be offered; by default all that the server takes. */
  methods?: StepUpMethods;
}

/**
 * Asks the user for a proof, with the prompt that is registered, else with the built-in one. Resolves with the token once it is held; at once where a live one
 * is, unless a transaction is to be confirmed. One prompt is open at a time, in all tabs: who asks for the same meanwhile gets the
 * same answer, who asks for something else waits.
 *
 * @throws StepUpCancelledError when the user closes it or the session ends, StepUpUnavailableError when nobody can be asked (`no_prompt` if none
 * is registered), NoElevatedTokenError when the prompt ended without a token, and whatever the verification was refused with.
 * @example
 * ```ts
 * import { promptStepUpAuth } from '@stepup-auth/client';
 * import { TokenScope } from '@stepup-auth/core';
 *
 * await promptStepUpAuth({ requestedScopes: [TokenScope.Walletexport] });
 * ```
 */
export const promptStepUpAuth = async (
  { requestedScopes, binding, methods }: PromptStepUpAuthParams,
  client?: StepUpClient,
): Promise<string> => {
  if (!requestedScopes?.length) throw new InvalidParamError('Say which scopes are asked for: requestedScopes.');
  return obtain(await begin(client, 'required'), { requestedScopes, binding, methods });
};
