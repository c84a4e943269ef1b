import { StepUpError } from './StepUpError.js';

/** No client was made yet, or what was given is none. */
export class NoClientError extends StepUpError {
  constructor(message = 'Make a client first: createStepUpClient({ environmentId, apiBaseUrl }).', cause?: unknown) {
    super({ code: 'no_client', message, cause });
  }
}
