import {
  completeStepUpAuthRedirect,
  InvalidParamError,
  promptStepUpAuthRedirect,
  StepUpCancelledError,
  type StepUpPrompt,
  StepUpUnavailableError,
} from '@stepup-auth/client';
import type { BrowserAdapter } from './browser.js';

export interface HostedPromptOptions {
  readonly browser: BrowserAdapter | undefined;
  readonly redirectUri: string | undefined;
  readonly enrol: boolean;
}

/** The server's own page as the prompt, in the system's browser. */
export class Hosted {
  /** The address that the browser came back with. */
  #back: string | null = null;

  constructor(private readonly options: HostedPromptOptions) {}

  /** Where the client goes. */
  readonly navigate = async (url: string): Promise<void> => {
    const { browser, redirectUri } = this.options;
    if (!browser || redirectUri === undefined) throw new InvalidParamError('The hosted page needs a `browser` and a `redirectUri`.');
    this.#back = await browser.open(url, redirectUri);
  };

  readonly prompt: StepUpPrompt = async ({ client, requestedScopes, binding, createMfaToken, signal }) => {
    const { browser, redirectUri, enrol } = this.options;
    if (createMfaToken) throw new StepUpUnavailableError('no_prompt'); // the page gives no tokens of action-based MFA
    if (!browser || redirectUri === undefined) throw new InvalidParamError('The hosted page needs a `browser` and a `redirectUri`.');
    const close = (): void => browser.close();
    signal.addEventListener('abort', close, { once: true });
    this.#back = null;
    try {
      await promptStepUpAuthRedirect({ requestedScopes, redirectUri, enrol, ...(binding ? { binding } : {}) }, client);
      const url = this.#back;
      if (url === null) throw new StepUpCancelledError();
      const token = await completeStepUpAuthRedirect({ url }, client);
      if (token === undefined) throw new StepUpCancelledError('The browser came back from another prompt.');
    } finally {
      signal.removeEventListener('abort', close);
    }
  };
}
