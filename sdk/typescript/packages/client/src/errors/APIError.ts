import { StepUpError, type StepUpErrorParameters } from './StepUpError.js';

/** The server refused. `code` is the server's. */
export class APIError extends StepUpError {
  override readonly name: string = 'APIError';
  /** What the server said besides, such as the limit that was exceeded. */
  readonly payload: Readonly<Record<string, unknown>> | undefined;
  /** How long to wait, where the server says so. */
  readonly retryAfterSeconds: number | undefined;

  constructor(parameters: StepUpErrorParameters & { payload?: Record<string, unknown> | undefined; retryAfterSeconds?: number | undefined }) {
    super(parameters);
    this.payload = parameters.payload;
    this.retryAfterSeconds = parameters.retryAfterSeconds;
  }
}
