import { coreOf, type StepUpClient } from './internal/client.js';
import { type ChosenPrompt, setPromptForAll } from './internal/prompt.js';

/**
 * Registers what `promptStepUpAuth` and `ensure` ask the user with: a dialog of your own, options for the built-in prompt, which is
 * there without being registered, or `false` for none. With a client it is that client's, without that of all which have none of their
 * own. Answers what takes it back.
 *
 * @throws NoClientError if what is given as client is none.
 * @example
 * ```ts
 * import { authenticateTotpMfaDevice, registerStepUpPrompt, StepUpCancelledError } from '@stepup-auth/client';
 *
 * registerStepUpPrompt({
 *   prompt: async ({ requestedScopes, client }) => {
 *     const code = window.prompt('Code of your authenticator app');
 *     if (code === null) throw new StepUpCancelledError();
 *     await authenticateTotpMfaDevice({ code, requestedScopes }, client);
 *   },
 * });
 * ```
 */
export const registerStepUpPrompt = ({ prompt }: { prompt: ChosenPrompt }, client?: StepUpClient): (() => void) => {
  if (!client) return setPromptForAll(prompt);
  const core = coreOf(client);
  core.prompt = prompt;
  return () => {
    if (core.prompt === prompt) core.prompt = undefined;
  };
};
