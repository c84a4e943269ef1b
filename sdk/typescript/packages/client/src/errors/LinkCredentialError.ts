import { APIError } from './APIError.js';

/** The credential belongs to another account and stays there. */
export class LinkCredentialError extends APIError {
  override readonly name: string = 'LinkCredentialError';
}
