import { StepUpError } from './StepUpError.js';

/** The server could not be reached, or did not answer in time. */
export class NetworkError extends StepUpError {
  override readonly name: string = 'NetworkError';

  constructor(message = 'The server could not be reached.', cause?: unknown) {
    super({ code: 'network_error', message, cause });
  }
}
