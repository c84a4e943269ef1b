import { InvalidResponseError } from './errors/InvalidResponseError.js';
import { SessionEndedError } from './errors/SessionEndedError.js';
import { StepUpCancelledError } from './errors/StepUpCancelledError.js';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { takePrompt } from './internal/hostedPrompt.js';
import { path } from './internal/path.js';
import { send } from './internal/send.js';
import { verified } from './internal/verified.js';

/**
 * Finishes a step-up that `promptStepUpAuthRedirect` began: trades the code in the page's address for the token, which is kept like any
 * other. It works once, and in the session in which it began. Undefined where the address is not the way back of a prompt that this
 * client began. Take the code out of the address bar afterwards.
 *
 * @throws StepUpCancelledError when the user gave up or the prompt was over, SessionEndedError in another session, APIError
 * `invalid_prompt_code` for a code that is older than a minute.
 * @example
 * ```ts
 * import { completeStepUpAuthRedirect, exportWaasPrivateKey } from '@stepup-auth/client';
 *
 * const token = await completeStepUpAuthRedirect({ url: location.href });
 * history.replaceState(null, '', location.pathname);
 * if (token !== undefined) await exportWaasPrivateKey();
 * ```
 */
export const completeStepUpAuthRedirect = async ({ url }: { url: URL | string }, client?: StepUpClient): Promise<string | undefined> => {
  const { core, within } = await begin(client, 'if-any');
  const { searchParams } = new URL(String(url));
  const state = searchParams.get('state');
  const prompt = state === null ? undefined : await takePrompt(core, state);
  if (!prompt) return undefined;
  if (!searchParams.get('iss')?.endsWith(`/sdk/${core.config.environmentId}`)) throw new InvalidResponseError('Another environment sent the browser back.');
  if (!within) throw new SessionEndedError('The session did not outlive the way there: make the client with `storage: localStorage`.');
  if (within.sessionId !== prompt.sessionId) throw new SessionEndedError('The prompt began in another session.');
  const code = searchParams.get('code');
  if (code === null) {
    const expired = searchParams.get('error') === 'expired';
    throw new StepUpCancelledError(expired ? 'The prompt was open for too long.' : 'The user did not confirm.');
  }
  const { promptId, codeVerifier, requestedScopes } = prompt;
  const json = await send(core, { method: 'POST', path: path`/stepUp/prompts/${promptId}/token`, session: within, body: { code, codeVerifier } });
  return (await verified(core, json, { within, requestedScopes })).elevatedAccessToken ?? undefined;
};
