import { StepUpError } from './StepUpError.js';

/** An argument cannot be what it is. `code` is `invalid_param`. */
export class InvalidParamError extends StepUpError {
  override readonly name: string = 'InvalidParamError';

  constructor(message = 'An argument is not what it must be.', cause?: unknown) {
    super({ code: 'invalid_param', message, cause });
  }
}
