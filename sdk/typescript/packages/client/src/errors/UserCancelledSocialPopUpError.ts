import { StepUpError } from './StepUpError.js';

/** The user closed the window of the login provider. */
export class UserCancelledSocialPopUpError extends StepUpError {
  override readonly name: string = 'UserCancelledSocialPopUpError';

  constructor(message = 'The window of the login provider was closed.', cause?: unknown) {
    super({ code: 'user_cancelled_social_popup', message, cause });
  }
}
