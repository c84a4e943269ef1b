import { StepUpPromptElement } from './element.js';

/**
 * Makes the element known to the page as `<stepup-prompt>`. The built-in prompt does so by itself; call it to write the element in HTML,
 * or to make it with `document.createElement`. Where the name is taken already, by another copy of this package, that one stays.
 *
 * @example
 * ```ts
 * import { defineStepUpPrompt } from '@stepup-auth/client/prompt';
 *
 * defineStepUpPrompt();
 * ```
 */
export const defineStepUpPrompt = (): void => {
  if (customElements.get('stepup-prompt')) return;
  customElements.define('stepup-prompt', StepUpPromptElement);
};
