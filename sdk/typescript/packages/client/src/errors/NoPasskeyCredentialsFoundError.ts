import { StepUpError } from './StepUpError.js';

/** The user has no passkey that counts. `registerPasskey` enrols one; `checkStepUpAuth` says what would do instead. */
export class NoPasskeyCredentialsFoundError extends StepUpError {
  override readonly name: string = 'NoPasskeyCredentialsFoundError';

  constructor(message = 'There is no passkey to use. Enrol one with registerPasskey, or use what checkStepUpAuth lists.', cause?: unknown) {
    super({ code: 'no_passkey_credentials_found_error', message, cause });
  }
}
