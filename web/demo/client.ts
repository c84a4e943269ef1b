// What the demo app of development imports: the client, the component, and a QR code.
export * from '@stepup-auth/client';
export { clientEndpoints, defineStepUpPrompt, findWallets, StepUpPromptElement } from '@stepup-auth/client/prompt';
export { encode as encodeQr } from 'uqr';
