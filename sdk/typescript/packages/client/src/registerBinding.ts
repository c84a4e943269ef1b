import { type StepUpBinding, StepUpBindingFromJSON } from '@stepup-auth/core';
import { call } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { read } from './internal/json.js';
import type { Scope } from './internal/scope.js';

export interface RegisterBindingParams {
  scope: Scope;
  /** What is to be done, as RFC 9396 has it: objects with a `type`. */
  authorizationDetails: readonly { readonly type: string; readonly [member: string]: unknown }[];
}

/**
 * Registers the one transaction that a step-up is to confirm. Give its `bindingId` to the verifying function, or the whole of it to
 * `promptStepUpAuth`; the token is then good for that transaction alone. Its `summary` is the server's, in words.
 *
 * @throws APIError `invalid_authorization_details` if it cannot be confirmed or not shown in full, `invalid_scopes`.
 * @example
 * ```ts
 * import { registerBinding } from '@stepup-auth/client';
 *
 * const binding = await registerBinding({
 *   scope: 'transfer:create',
 *   authorizationDetails: [{ type: 'transfer', amount: '25.00', currency: 'EUR', payee: 'bob' }],
 * });
 * console.log(binding.summary);
 * ```
 */
export const registerBinding = async (
  { scope, authorizationDetails }: RegisterBindingParams,
  client?: StepUpClient,
): Promise<StepUpBinding> =>
  read(
    StepUpBindingFromJSON,
    await call(client, { method: 'POST', path: '/stepUp/bindings', body: { scope, authorizationDetails } }),
  );
