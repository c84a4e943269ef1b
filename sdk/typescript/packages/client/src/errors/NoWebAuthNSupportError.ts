import { StepUpError } from './StepUpError.js';

/** Passkeys cannot be used here: no browser, or one without WebAuthn. Elsewhere give createStepUpClient a `passkey` adapter. */
export class NoWebAuthNSupportError extends StepUpError {
  override readonly name: string = 'NoWebAuthNSupportError';

  constructor(message = 'Passkeys are not supported here.', cause?: unknown) {
    super({ code: 'no_webauthn_support', message, cause });
  }
}
