import type { BuiltInPromptOptions } from '../internal/prompt.js';
import { defineStepUpPrompt } from './defineStepUpPrompt.js';
import { StepUpPromptElement } from './element.js';
import type { PromptEndpoints } from './endpoints.js';

export interface BuiltInPromptRequest {
  readonly endpoints: PromptEndpoints;
  readonly signal: AbortSignal;
}

/** Shows the component over the page until the user has proven it or closed it. */
export const builtInPrompt = async ({ endpoints, signal }: BuiltInPromptRequest, options: BuiltInPromptOptions): Promise<void> => {
  defineStepUpPrompt();
  const element = document.createElement('stepup-prompt') as StepUpPromptElement;
  if (options.theme) element.setAttribute('theme', options.theme);
  if (options.language) element.lang = options.language;
  element.texts = options.texts;
  element.endpoints = endpoints;
  (options.container ?? document.body).append(element);
  try {
    await element.ask({ signal });
  } finally {
    element.remove();
  }
};
