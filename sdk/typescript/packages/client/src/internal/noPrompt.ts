import type { BuiltInPromptRequest } from '../prompt/builtIn.js';
import type { BuiltInPromptOptions } from './prompt.js';

/** In Node.js and React Native there is no page to show the built-in prompt on; package.json has them load this in its place. */
export const builtInPrompt: ((request: BuiltInPromptRequest, options: BuiltInPromptOptions) => Promise<void>) | undefined = undefined;
