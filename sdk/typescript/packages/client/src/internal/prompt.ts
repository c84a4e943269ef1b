import type { StepUpBinding, StepUpCheckResponse } from '@stepup-auth/core';
import { StepUpCancelledError } from '../errors/StepUpCancelledError.js';
import type { StepUpClient } from './client.js';
import type { Core } from './core.js';

export interface StepUpPromptRequest {
  readonly client: StepUpClient;
  readonly requestedScopes: readonly string[];
  /** What the server says about the first of the scopes, a moment ago. */
  readonly check: StepUpCheckResponse;
  /** The one transaction that is to be confirmed; the prompt shows its `summary`. */
  readonly binding?: StepUpBinding;
  /** Legacy: a token of action-based MFA is asked for, and no scope. Pass it on to the verifying function. */
  readonly createMfaToken?: { readonly singleUse: boolean };
  /** Aborted when the session ends: the prompt closes. */
  readonly signal: AbortSignal;
}

/**
 * Asks the user for a proof: calls one of the verifying functions with the scopes (and the binding's id), and resolves. Rejects with
 * a {@link StepUpCancelledError} when the user closes it.
 */
export type StepUpPrompt = (request: StepUpPromptRequest) => Promise<void>;

let forAll: StepUpPrompt | undefined;

/** The prompt of a client: its own, else that of all. */
export const promptOf = (core: Core): StepUpPrompt | undefined => core.prompt ?? forAll;

/** Shows a prompt and waits for it; the end of the session is its end, whatever the prompt says to that. */
export const untilEnd = async (signal: AbortSignal, show: () => Promise<void>): Promise<void> => {
  const ended = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(new StepUpCancelledError('The session ended while the prompt was open.')), { once: true });
  });
  await Promise.race([ended, show()]);
};

/** Sets the prompt of all clients, and answers what takes it back. */
export const setPromptForAll = (prompt: StepUpPrompt): (() => void) => {
  forAll = prompt;
  return () => {
    if (forAll === prompt) forAll = undefined;
  };
};
