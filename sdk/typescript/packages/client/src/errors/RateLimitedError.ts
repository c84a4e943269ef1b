import { APIError } from './APIError.js';

/** Too many requests, or a factor that has just changed (`cooling_down`). `retryAfterSeconds` says how long to wait. */
export class RateLimitedError extends APIError {
  override readonly name: string = 'RateLimitedError';
}
