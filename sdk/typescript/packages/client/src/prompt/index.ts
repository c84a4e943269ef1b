export { defineStepUpPrompt } from './defineStepUpPrompt.js';
export { PromptClosedError } from './closed.js';
export { type AskOptions, StepUpPromptElement } from './element.js';
export type * from './endpoints.js';
export type { FoundWallet } from './flow.js';
export { findWallets } from './wallets.js';
export type { PromptTextOverrides, PromptTexts } from './texts/texts.js';
export { browserPasskey } from '../internal/browserPasskey.js';
export { clientEndpoints, type ClientEndpointsParams } from '../internal/clientEndpoints.js';
