import type { BuiltInPromptOptions, StepUpPromptRequest } from '../internal/prompt.js';
import { clientEndpoints } from './clientEndpoints.js';
import { defineStepUpPrompt } from './defineStepUpPrompt.js';
import { StepUpPromptElement } from './element.js';

/** Shows the component over the page until the user has proven it or closed it. */
export const builtInPrompt = async (request: StepUpPromptRequest, options: BuiltInPromptOptions): Promise<void> => {
  defineStepUpPrompt();
  const element = new StepUpPromptElement();
  if (options.theme) element.setAttribute('theme', options.theme);
  if (options.language) element.lang = options.language;
  element.texts = options.texts;
  element.endpoints = clientEndpoints({ request, enrol: options.enrol !== false });
  (options.container ?? document.body).append(element);
  try {
    await element.ask({ signal: request.signal });
  } finally {
    element.remove();
  }
};
