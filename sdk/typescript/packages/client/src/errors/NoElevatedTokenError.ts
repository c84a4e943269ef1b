import { StepUpError } from './StepUpError.js';

/** The proof was accepted, and no token for the scopes came of it. */
export class NoElevatedTokenError extends StepUpError {
  override readonly name: string = 'NoElevatedTokenError';

  constructor(message = 'The verification gave no token for the scopes that were asked for.', cause?: unknown) {
    super({ code: 'no_elevated_token', message, cause });
  }
}
