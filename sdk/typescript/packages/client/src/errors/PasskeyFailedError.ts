import { StepUpError } from './StepUpError.js';

/** The authenticator or the browser refused. `cause` is what the browser said. */
export class PasskeyFailedError extends StepUpError {
  override readonly name: string = 'PasskeyFailedError';

  constructor(message = 'The passkey could not be used.', cause?: unknown) {
    super({ code: 'passkey_failed', message, cause });
  }
}
