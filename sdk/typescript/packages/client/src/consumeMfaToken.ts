import { NoMfaTokenError } from './errors/NoMfaTokenError.js';
import { coreOf, type StepUpClient } from './internal/client.js';
import { drop } from './internal/tokens.js';

/**
 * Legacy: hands out the token of action-based MFA that is held, and forgets it. The calls of this package attach it by themselves.
 *
 * @throws NoMfaTokenError if none is held.
 * @example
 * ```ts
 * import { consumeMfaToken } from '@stepup-auth/client';
 *
 * const mfaAuthToken = consumeMfaToken();
 * console.log(mfaAuthToken.length);
 * ```
 */
export const consumeMfaToken = (client?: StepUpClient): string => {
  const core = coreOf(client);
  const { mfa } = core.state;
  if (!mfa || core.busy.has(mfa.token)) throw new NoMfaTokenError();
  core.updateNow((state) => drop(state, mfa.token));
  return mfa.token;
};
