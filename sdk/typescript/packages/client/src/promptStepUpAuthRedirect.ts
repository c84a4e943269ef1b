import type { StepUpBinding } from '@stepup-auth/core';
import { InvalidParamError } from './errors/InvalidParamError.js';
import { InvalidResponseError } from './errors/InvalidResponseError.js';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { keepPrompt } from './internal/hostedPrompt.js';
import { textOf } from './internal/json.js';
import { base64url, randomText } from './internal/random.js';
import type { Scope } from './internal/scope.js';
import { send } from './internal/send.js';
import { usesCookies } from './internal/settings.js';

export interface PromptStepUpAuthRedirectParams {
  requestedScopes: readonly Scope[];
  /** Your page that the browser comes back to: one of the environment's `prompt.redirectUris`, letter by letter. */
  redirectUri: string;
  /** The one transaction to confirm, from `registerBinding`. */
  binding?: StepUpBinding;
  /** Whether the page may enrol a factor first. */
  enrol?: boolean;
}

/**
 * Sends the browser to the server's own page, which asks for the proof. The page it comes back to calls
 * `completeStepUpAuthRedirect`. It needs no component and no code for any method, and always asks: see first, with
 * `checkStepUpAuth`, whether that is needed.
 *
 * @throws InvalidParamError without scopes, and with a client that keeps its session in memory, APIError `invalid_redirect_uri` if the environment does not list the page,
 * `rate_limited` with too many prompts open.
 * @example
 * ```ts
 * import { checkStepUpAuth, promptStepUpAuthRedirect } from '@stepup-auth/client';
 *
 * const { isRequired } = await checkStepUpAuth({ scope: 'wallet:export' });
 * if (isRequired) await promptStepUpAuthRedirect({ requestedScopes: ['wallet:export'], redirectUri: 'https://app.example.com/back' });
 * ```
 */
export const promptStepUpAuthRedirect = async (
  { requestedScopes, redirectUri, binding, enrol = false }: PromptStepUpAuthRedirectParams,
  client?: StepUpClient,
): Promise<void> => {
  if (!requestedScopes?.length) throw new InvalidParamError('Say which scopes are asked for: requestedScopes.');
  const { core, within } = await begin(client, 'required');
  if (core.config.forgets && !usesCookies(core.settings)) {
    throw new InvalidParamError('The session would be gone with the page: make the client with `storage: localStorage`.');
  }
  const [state, codeVerifier] = [randomText(), randomText() + randomText()];
  const codeChallenge = base64url(await crypto.subtle.digest('SHA-256', new TextEncoder().encode(codeVerifier)));
  const json = await send(core, {
    method: 'POST',
    path: '/stepUp/prompts',
    session: within,
    body: {
      requestedScopes,
      redirectUri,
      state,
      codeChallenge,
      codeChallengeMethod: 'S256',
      ...(binding ? { bindingId: binding.bindingId } : {}),
      ...(enrol ? { enrol } : {}),
    },
  });
  const [promptId, url] = [textOf(json, 'promptId'), textOf(json, 'url')];
  if (promptId === undefined || !/^https?:\/\//.test(url ?? '')) throw new InvalidResponseError();
  await keepPrompt(core, { promptId, state, codeVerifier, requestedScopes, sessionId: within.sessionId });
  await core.config.navigate(url!);
};
