export interface StepUpErrorParameters {
  /** What to branch on; stable. */
  code: string;
  message: string;
  /** HTTP status of the refusal, if it was one. */
  status?: number | undefined;
  /** Names the request in the server's log. */
  requestId?: string | undefined;
  cause?: unknown;
}

/**
 * What everything here rejects with. Branch on {@link code}, which stays the same when two copies of the package are loaded and
 * `instanceof` does not.
 */
export class StepUpError extends Error {
  /** The name of the class, which minifying leaves as it is. */
  override readonly name: string = 'StepUpError';
  readonly code: string;
  readonly status: number | undefined;
  readonly requestId: string | undefined;

  constructor({ code, message, status, requestId, cause }: StepUpErrorParameters) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
    this.status = status;
    this.requestId = requestId;
  }
}
