import { StepUpError } from './StepUpError.js';

/** The user closed the passkey prompt, or it timed out; browsers do not tell which. */
export class PasskeyCancelledError extends StepUpError {
  override readonly name: string = 'PasskeyCancelledError';

  constructor(message = 'The passkey prompt was closed or timed out.', cause?: unknown) {
    super({ code: 'passkey_cancelled', message, cause });
  }
}
