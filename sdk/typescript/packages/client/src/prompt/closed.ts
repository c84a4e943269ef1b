import type { Stop } from './flow.js';

/** How it ended without a proof. `code` is `step_up_cancelled`, or `step_up_unavailable` with a reason. */
export class PromptClosedError extends Error {
  override readonly name = 'PromptClosedError';
  readonly code: 'step_up_cancelled' | 'step_up_unavailable';

  constructor(
    message: string,
    readonly reason?: 'disputed' | 'cooling_down' | 'no_method' | 'check_failed',
  ) {
    super(message);
    this.code = reason ? 'step_up_unavailable' : 'step_up_cancelled';
  }
}

const unavailable: Partial<Record<Stop | 'user', NonNullable<PromptClosedError['reason']>>> = {
  disputed: 'disputed', cooling_down: 'cooling_down', no_method: 'no_method', failed: 'check_failed',
};

/** What asking rejects with when it was closed. */
export const closedError = (why: Stop | 'user'): PromptClosedError => {
  const reason = unavailable[why];
  return reason ? new PromptClosedError(`Nobody could be asked: ${reason}.`, reason) : new PromptClosedError('The verification was cancelled.');
};
