/*
 * What a prompt does and says without a page: the flow, which is one for all who draw it, its texts, and what each screen shows of it. The
 * components of @stepup-auth/react-native stand on it.
 */
export { closedError, PromptClosedError } from './closed.js';
export type * from './endpoints.js';
export { Flow, type FlowOptions, type FlowState, type FoundWallet, type Screen, type Sent, type Stop } from './flow.js';
export { type IconName, iconPaths } from './icons.js';
export * from './model.js';
export { qrOf } from './qr.js';
export { en } from './texts/en.js';
export { languageFor, loadTexts } from './texts/load.js';
export type { PromptTextOverrides, PromptTexts, ProblemText } from './texts/texts.js';
export { agentName, clock, digitsOf, partsOf, plainWords, providerName, short } from './words.js';
export { clientEndpoints, type ClientEndpointsParams } from '../internal/clientEndpoints.js';
export { type FromRevealFrame, type RevealGreeting, revealGreeting, type ToRevealFrame } from '../internal/revealMessages.js';
