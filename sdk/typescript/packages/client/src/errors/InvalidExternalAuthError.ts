import { APIError } from './APIError.js';

/** The JWT of the login elsewhere does not hold. `code` is `invalid_external_auth`. */
export class InvalidExternalAuthError extends APIError {
  override readonly name: string = 'InvalidExternalAuthError';
}
