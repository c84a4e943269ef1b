import { StepUpError } from './StepUpError.js';

/** No token of action-based MFA is held. */
export class NoMfaTokenError extends StepUpError {
  override readonly name: string = 'NoMfaTokenError';

  constructor(message = 'There is no MFA token. Authenticate with createMfaToken first.', cause?: unknown) {
    super({ code: 'no_mfa_token', message, cause });
  }
}
