export { StepUpPrompts, type StepUpPromptsProps } from './StepUpPrompts.js';
export type { PromptColors } from './look.js';
export type { FoundWallet, PromptTextOverrides, PromptTexts, PromptWallet } from '@stepup-auth/client/prompt/headless';
export { webViewKeys } from './webViewKeys.js';
export type { WebViewComponent, WebViewKeys } from './keys.js';
