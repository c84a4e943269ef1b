import { StepUpError } from './StepUpError.js';

/** No client was made yet, or what was given is none. */
export class NoClientError extends StepUpError {
  override readonly name: string = 'NoClientError';

  constructor(message = 'Make a client first: createStepUpClient({ environmentId, apiBaseUrl }).', cause?: unknown) {
    super({ code: 'no_client', message, cause });
  }
}
