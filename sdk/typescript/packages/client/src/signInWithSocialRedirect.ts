import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { keepRedirect } from './internal/redirect.js';
import type { Scope } from './internal/scope.js';
import { beginSocial } from './internal/social.js';

export interface SignInWithSocialRedirectParams {
  /** Such as `google`; one of the environment's. */
  provider: string;
  /** Your page that the browser comes back to; its origin must be one of the environment's `redirectOrigins`. */
  redirectUrl: string;
  /** In a session: what it proves. Without, it links the account, for which a token for `credential:link` is needed. */
  requestedScopes?: readonly Scope[];
  /** The one transaction to confirm, from `registerBinding`. */
  bindingId?: string | undefined;
}

/**
 * Sends the browser to a login provider. The page it comes back to calls `completeSocialRedirect`.
 *
 * @throws InvalidParamError if the environment has no such provider, APIError if it may not come back to `redirectUrl`.
 * @example
 * ```ts
 * import { signInWithSocialRedirect } from '@stepup-auth/client';
 *
 * await signInWithSocialRedirect({ provider: 'github', redirectUrl: 'https://app.example.com/after' });
 * ```
 */
export const signInWithSocialRedirect = async (
  { provider, redirectUrl, requestedScopes, bindingId }: SignInWithSocialRedirectParams,
  client?: StepUpClient,
): Promise<void> => {
  const { core, within } = await begin(client, 'if-any');
  const { login, url } = await beginSocial(core, within, { provider, redirectUrl, requestedScopes, bindingId });
  await keepRedirect(core, login);
  await core.config.navigate(url);
};
