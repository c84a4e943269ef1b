import type { SdkUser } from '@stepup-auth/core';
import { SocialLoginFailedError } from './errors/SocialLoginFailedError.js';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { forgetRedirect, keptRedirect, returned } from './internal/redirect.js';
import type { Scope } from './internal/scope.js';
import { finishSocial } from './internal/social.js';

export interface CompleteSocialRedirectParams {
  /** The address of the page. Take code and state out of the address bar afterwards. */
  url: URL | string;
  /** What it proves; by default what `signInWithSocialRedirect` was called with. */
  requestedScopes?: readonly Scope[];
}

/**
 * Finishes a login that `signInWithSocialRedirect` began: signs in, or proves it is the user, or links the account. It works once,
 * and in the session in which it began.
 *
 * @throws SocialLoginFailedError if the provider refused or the login is not one that this client began, APIError
 * `mfa_invalid_request` when the account is not the user's, StepUpRequiredError when linking without a token.
 * @example
 * ```ts
 * import { completeSocialRedirect } from '@stepup-auth/client';
 *
 * const user = await completeSocialRedirect({ url: location.href });
 * history.replaceState(null, '', location.pathname);
 * console.log(user.id);
 * ```
 */
export const completeSocialRedirect = async (
  { url, requestedScopes }: CompleteSocialRedirectParams,
  client?: StepUpClient,
): Promise<SdkUser> => {
  const { core, within } = await begin(client, 'if-any');
  const back = returned(url);
  const login = back && (await keptRedirect(core, back.state));
  if (!back || !login) throw new SocialLoginFailedError('This client began no login that comes back here.');
  await forgetRedirect(core);
  if (login.sessionId !== (within?.sessionId ?? null)) throw new SocialLoginFailedError('The login began in another session.');
  if (back.error !== null || back.code === null) throw new SocialLoginFailedError(`The login provider refused: ${back.error ?? 'no code'}.`);
  const { user } = await finishSocial(core, within, { ...login, requestedScopes: requestedScopes ?? login.requestedScopes }, back.code);
  return user;
};
