import { APIError } from './APIError.js';

/** Nobody can tell whether it was done: look before trying again. `code` is `outcome_unknown`. */
export class OutcomeUnknownError extends APIError {
  override readonly name: string = 'OutcomeUnknownError';
}
