import { APIError } from './APIError.js';

/** Too many wrong codes. `code` is `mfa_rate_limited`; `retryAfterSeconds` says how long to wait. */
export class MfaRateLimitedError extends APIError {
  override readonly name: string = 'MfaRateLimitedError';
}
