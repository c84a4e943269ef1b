import { APIError } from './APIError.js';

/** It could not be found out, so the answer is no, and nothing was done. `code` is the server's, mostly `temporarily_unavailable`. */
export class ServerUnavailableError extends APIError {
  override readonly name: string = 'ServerUnavailableError';
}
