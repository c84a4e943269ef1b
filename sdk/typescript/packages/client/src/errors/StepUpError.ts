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
  readonly code: string;
  readonly status: number | undefined;
  readonly requestId: string | undefined;

  constructor({ code, message, status, requestId, cause }: StepUpErrorParameters) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = new.target.name;
    this.code = code;
    this.status = status;
    this.requestId = requestId;
  }
}
