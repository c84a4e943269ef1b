import { APIError } from './APIError.js';
import type { StepUpErrorParameters } from './StepUpError.js';

export type StepUpRefusalReason =
  | 'missing'
  | 'expired'
  | 'spent'
  | 'wrong_scope'
  | 'wrong_subject'
  | 'wrong_binding'
  | 'superseded'
  | 'disputed'
  | 'no_method';

/**
 * A gate wants an elevated access token for `scope`. `code` is `elevated_access_token_required`. Prove it with
 * `requestedScopes: [scope]` and call again, or let `ensure` do both.
 */
export class StepUpRequiredError extends APIError {
  override readonly name: string = 'StepUpRequiredError';
  readonly scope: string;
  readonly reason: StepUpRefusalReason;
  readonly singleUse: boolean;
  /** What the user could prove it with. */
  readonly methods: readonly string[];

  constructor(
    parameters: StepUpErrorParameters & {
      payload: Record<string, unknown>;
      scope: string;
      reason: StepUpRefusalReason;
      singleUse: boolean;
      methods: readonly string[];
    },
  ) {
    super(parameters);
    this.scope = parameters.scope;
    this.reason = parameters.reason;
    this.singleUse = parameters.singleUse;
    this.methods = parameters.methods;
  }
}
