import { StepUpError } from './StepUpError.js';

/** The login provider refused, or the way back is not of a login that this client began. */
export class SocialLoginFailedError extends StepUpError {
  override readonly name: string = 'SocialLoginFailedError';

  constructor(message = 'The login provider refused.', cause?: unknown) {
    super({ code: 'social_login_failed', message, cause });
  }
}
