import type { BuiltInPromptOptions, StepUpPromptRequest } from './prompt.js';

/** In Node.js and React Native there is no page to show the built-in prompt on; package.json has them load this in its place. */
export const builtInPrompt: ((request: StepUpPromptRequest, options: BuiltInPromptOptions) => Promise<void>) | undefined = undefined;
