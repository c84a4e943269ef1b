import { StepUpError } from './StepUpError.js';

/** The call needs a signed-in user. */
export class UserNotAuthenticatedError extends StepUpError {
  override readonly name: string = 'UserNotAuthenticatedError';

  constructor(message = 'Sign in first.', cause?: unknown) {
    super({ code: 'user_not_authenticated', message, cause });
  }
}
