import { StepUpError } from './StepUpError.js';

/** What came back is no answer of the API: too large, no JSON, not its shape, or about somebody else. */
export class InvalidResponseError extends StepUpError {
  override readonly name: string = 'InvalidResponseError';

  constructor(message = 'The answer is none of the API.', cause?: unknown) {
    super({ code: 'invalid_response', message, cause });
  }
}
