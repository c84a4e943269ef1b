export { clientEndpoints, type ClientEndpointsParams } from './clientEndpoints.js';
export { defineStepUpPrompt } from './defineStepUpPrompt.js';
export { type AskOptions, StepUpPromptElement } from './element.js';
export type * from './endpoints.js';
export type { PromptTextOverrides, PromptTexts } from './texts/texts.js';
export { browserPasskey } from '../internal/browserPasskey.js';
