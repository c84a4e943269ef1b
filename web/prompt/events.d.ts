import type { PromptDone } from '../../sdk/typescript/packages/client/src/prompt/endpoints.js';

declare global {
  interface HTMLElementEventMap {
    'stepup-verified': CustomEvent<PromptDone>;
    'stepup-cancelled': CustomEvent<{ readonly reason: string; readonly done?: PromptDone }>;
  }
}
