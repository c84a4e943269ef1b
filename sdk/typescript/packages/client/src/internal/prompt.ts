import type { StepUpBinding, StepUpCheckResponse } from '@stepup-auth/core';
import type { StepUpClient } from './client.js';

export interface StepUpPromptRequest {
  readonly client: StepUpClient;
  readonly requestedScopes: readonly string[];
  /** What the server says about the first of the scopes, a moment ago. */
  readonly check: StepUpCheckResponse;
  /** The one transaction that is to be confirmed; the prompt shows its `summary`. */
  readonly binding?: StepUpBinding;
  /** Aborted when the session ends: the prompt closes. */
  readonly signal: AbortSignal;
}

/**
 * Asks the user for a proof: calls one of the verifying functions with the scopes (and the binding's id), and resolves. Rejects with
 * a {@link StepUpCancelledError} when the user closes it.
 */
export type StepUpPrompt = (request: StepUpPromptRequest) => Promise<void>;

let forAll: StepUpPrompt | undefined;

export const promptForAll = (): StepUpPrompt | undefined => forAll;

/** Sets the prompt of all clients, and answers what takes it back. */
export const setPromptForAll = (prompt: StepUpPrompt): (() => void) => {
  forAll = prompt;
  return () => {
    if (forAll === prompt) forAll = undefined;
  };
};
