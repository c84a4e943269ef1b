import { StepUpError } from './StepUpError.js';

/** The user closed the prompt. */
export class StepUpCancelledError extends StepUpError {
  override readonly name: string = 'StepUpCancelledError';

  constructor(message = 'The verification was cancelled.', cause?: unknown) {
    super({ code: 'step_up_cancelled', message, cause });
  }
}
