import type { StepUpBinding, StepUpCheckResponse } from '@stepup-auth/core';
import { StepUpCancelledError } from '../errors/StepUpCancelledError.js';
import { StepUpUnavailableError, type StepUpUnavailableReason } from '../errors/StepUpUnavailableError.js';
import type { PromptTextOverrides } from '../prompt/texts/texts.js';
import type { StepUpClient } from './client.js';
import { clientEndpoints } from './clientEndpoints.js';
import type { Core } from './core.js';
import type { StepUpMethods } from './only.js';

export interface StepUpPromptRequest {
  readonly client: StepUpClient;
  readonly requestedScopes: readonly string[];
  /** What the server says about the first of the scopes, a moment ago. */
  readonly check: StepUpCheckResponse;
  /** The one transaction that is to be confirmed; the prompt shows its `summary`. */
  readonly binding?: StepUpBinding;
  /** The only proofs that are to be offered; `check` has no others. */
  readonly methods?: StepUpMethods;
  /** Legacy: a token of action-based MFA is asked for, and no scope. Pass it on to the verifying function. */
  readonly createMfaToken?: { readonly singleUse: boolean };
  /** Aborted when the session ends: the prompt closes. */
  readonly signal: AbortSignal;
}

/**
 * Asks the user for a proof: calls one of the verifying functions with the scopes (and the binding's id), and resolves. Rejects with
 * a {@link StepUpCancelledError} when the user closes it.
 */
export interface StepUpPrompt {
  (request: StepUpPromptRequest): Promise<void>;
  /** It is shown, and says itself why, even where the user can prove nothing; without this the call rejects before. */
  readonly explains?: boolean;
}

/** How the built-in prompt looks and speaks. */
export interface BuiltInPromptOptions {
  /** By default that of the system. */
  readonly theme?: 'auto' | 'light' | 'dark';
  /** `en`, `de`, `es`, `fr`, `pt` or `ja`; by default that of the page, else of the browser. */
  readonly language?: string;
  /** Words in place of those of the language. */
  readonly texts?: PromptTextOverrides;
  /** What may be enrolled in it, where the environment has it; by default everything, `false` for nothing. */
  readonly enrol?: boolean;
  /** Where it is put; by default at the end of the body. Styles of that place, such as its `--stepup-` variables, hold for it. */
  readonly container?: HTMLElement;
}

/** A prompt of the app's own, options for the built-in one, or none at all. */
export type ChosenPrompt = StepUpPrompt | BuiltInPromptOptions | false;

/** What asks the user. */
interface Shown {
  readonly show: StepUpPrompt;
  /** It says itself why nothing can be proven, and rejects afterwards. */
  readonly explains: boolean;
}

let forAll: ChosenPrompt | undefined;

/** The prompt of a client: its own, else that of all, else the built-in one where there is a page to show it on. */
export const promptOf = async (core: Core, otherwise: 'no_prompt' | 'no_method' = 'no_prompt'): Promise<Shown> => {
  const chosen = core.prompt ?? forAll ?? {};
  if (typeof chosen === 'function') return { show: chosen, explains: chosen.explains === true };
  if (chosen && typeof document !== 'undefined') {
    const { builtInPrompt } = await import('#prompt').catch((error: unknown) => {
      throw new StepUpUnavailableError('prompt_not_loaded', error); // the page is offline, or its server has a newer version
    });
    if (builtInPrompt) {
      const show: StepUpPrompt = (request) =>
        builtInPrompt({ endpoints: clientEndpoints({ request, enrol: chosen.enrol !== false }), signal: request.signal }, chosen).catch(asOurs);
      return { show, explains: true };
    }
  }
  throw new StepUpUnavailableError(otherwise);
};

/** The component stands on its own and has no classes of ours for how it ends. */
const asOurs = (error: { code?: string; reason?: StepUpUnavailableReason; message?: string }): never => {
  if (error.code === 'step_up_unavailable') throw new StepUpUnavailableError(error.reason ?? 'check_failed', error);
  throw error.code === 'step_up_cancelled' ? new StepUpCancelledError(error.message) : error;
};

/** Shows a prompt and waits for it; the end of the session is its end, whatever the prompt says to that. */
export const untilEnd = async (signal: AbortSignal, show: () => Promise<void>): Promise<void> => {
  const ended = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new StepUpCancelledError('The session ended while the prompt was open.')), { once: true });
  });
  await Promise.race([ended, show()]);
};

/** Sets the prompt of all clients, and answers what takes it back. */
export const setPromptForAll = (prompt: ChosenPrompt): (() => void) => {
  forAll = prompt;
  return () => {
    if (forAll === prompt) forAll = undefined;
  };
};
