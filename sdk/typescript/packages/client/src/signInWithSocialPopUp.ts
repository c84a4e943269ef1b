import type { SdkUser } from '@stepup-auth/core';
import { SocialLoginFailedError } from './errors/SocialLoginFailedError.js';
import { UserCancelledSocialPopUpError } from './errors/UserCancelledSocialPopUpError.js';
import { begin } from './internal/call.js';
import { clientOrDefault, coreOf, type StepUpClient } from './internal/client.js';
import type { Core } from './internal/core.js';
import { textOf } from './internal/json.js';
import { path } from './internal/path.js';
import { openBrowserPopup, type Popup } from './internal/popup.js';
import type { Scope } from './internal/scope.js';
import { send } from './internal/send.js';
import { beginSocial, finishSocial, type SocialLogin } from './internal/social.js';

export interface SignInWithSocialPopUpParams {
  /** Such as `google`; one of the environment's. */
  provider: string;
  /** In a session: what it proves. Without, it links the account, for which a token for `credential:link` is needed. */
  requestedScopes?: readonly Scope[];
  /** The one transaction to confirm, from `registerBinding`. */
  bindingId?: string | undefined;
  /** Gives up when it is aborted, and closes the window. */
  signal?: AbortSignal;
}

/**
 * Logs in at a provider in a window of its own, and closes it. Signed out it signs in; signed in it proves it is the user, or links
 * the account. Call it right in the handler of the user's tap: browsers open no window later.
 *
 * @throws UserCancelledSocialPopUpError when the user closes the window or `signal` is aborted, SocialLoginFailedError when the browser opens none or the
 * provider refuses, APIError `mfa_invalid_request` when the account is not the user's.
 * @example
 * ```ts
 * import { signInWithSocialPopUp } from '@stepup-auth/client';
 *
 * document.querySelector('button')?.addEventListener('click', () => {
 *   void signInWithSocialPopUp({ provider: 'github', requestedScopes: ['wallet:export'] });
 * });
 * ```
 */
export const signInWithSocialPopUp = async (
  { provider, requestedScopes, bindingId, signal }: SignInWithSocialPopUpParams,
  client?: StepUpClient,
): Promise<SdkUser> => {
  const chosen = clientOrDefault(client);
  const popup = (coreOf(chosen).config.openPopup ?? openBrowserPopup)();
  if (!popup) throw new SocialLoginFailedError('The browser opened no window. Call this in the handler of a tap.');
  try {
    const { core, within } = await begin(chosen, 'if-any');
    const { login, url } = await beginSocial(core, within, { provider, requestedScopes, bindingId });
    popup.navigate(url);
    const code = await codeOf(core, login, popup, signal);
    if (login.sessionId !== (core.state.session?.sessionId ?? null)) throw new SocialLoginFailedError('The login began in another session.');
    return (await finishSocial(core, within, login, code)).user;
  } finally {
    popup.close();
  }
};

const patience = 300_000;
const pause = 1_000;

/** A window that is gone sooner than this was not closed by its user. */
const atOnce = 3_000;

/**
 * Asks how the login stands until it is done, the window is closed or nobody waits any more. A provider may cut its page off from ours
 * (Cross-Origin-Opener-Policy), which makes the window seem closed as soon as the page is there; then only the server knows.
 */
const codeOf = async (core: Core, login: SocialLogin, popup: Popup, signal?: AbortSignal): Promise<string> => {
  const began = core.config.now();
  let cutOff = false;
  for (;;) {
    const closed = popup.isClosed();
    cutOff ||= closed && core.config.now() < began + atOnce;
    const answer = await send(core, {
      method: 'POST',
      path: path`/providers/${login.provider}/oauthResult`,
      session: 'none',
      body: { state: login.state },
      repeat: true,
    });
    const code = textOf(answer, 'code');
    if (code !== undefined) return code;
    if (textOf(answer, 'status') === 'completed') throw new SocialLoginFailedError(`The login provider refused: ${textOf(answer, 'error') ?? 'no code'}.`);
    if ((closed && !cutOff) || signal?.aborted || core.config.now() > began + patience) throw new UserCancelledSocialPopUpError();
    await new Promise((resolve) => {
      setTimeout(resolve, pause);
      signal?.addEventListener('abort', resolve, { once: true });
    });
  }
};
