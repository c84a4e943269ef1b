import { StepUpError } from './StepUpError.js';

/** The answer is about another user, session or environment than the one it was asked in; nothing of it was kept. */
export class IdentityMismatchError extends StepUpError {
  override readonly name: string = 'IdentityMismatchError';

  constructor(message = 'The answer is about another user, session or environment.', cause?: unknown) {
    super({ code: 'identity_mismatch', message, cause });
  }
}
