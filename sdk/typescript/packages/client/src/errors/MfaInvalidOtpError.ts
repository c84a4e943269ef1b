import { APIError } from './APIError.js';

/** The code of a second factor is wrong, or was used before. `code` is `mfa_invalid_code`. */
export class MfaInvalidOtpError extends APIError {
  override readonly name: string = 'MfaInvalidOtpError';
}
