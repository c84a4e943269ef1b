import { StepUpError } from './StepUpError.js';

/** The URL is not one that a link to register a device leads to. `code` is `invalid_device_registration_redirect`. */
export class InvalidDeviceRegistrationRedirectError extends StepUpError {
  override readonly name: string = 'InvalidDeviceRegistrationRedirectError';

  constructor(message = 'This URL has no deviceRegistrationToken.', cause?: unknown) {
    super({ code: 'invalid_device_registration_redirect', message, cause });
  }
}
