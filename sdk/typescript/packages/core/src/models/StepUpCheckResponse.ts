import { flag, list, member, model, nested, number, optional, text } from '../internal/model.js';
import { type StepUpCheckBinding, StepUpCheckBindingFromJSON } from './StepUpCheckBinding.js';
import { type StepUpCredential, StepUpCredentialFromJSON } from './StepUpCredential.js';

/**
 * Why a step-up is required or not. Some are said by the client itself. `held`: a live token is held. `check_failed`: the server could not be
 * asked, and uncertainty means that it is required. `device_not_registered`: the session waits for its device, and proves nothing until then.
 */
export type StepUpCheckReason =
  | 'not_required'
  | 'step_up_required'
  | 'no_method'
  | 'disputed'
  | 'cooling_down'
  | 'held'
  | 'check_failed'
  | 'device_not_registered';

/** Whether a step-up is required for a scope, and with what. */
export interface StepUpCheckResponse {
  isRequired: boolean;
  credentials: StepUpCredential[];
  defaultCredentialId?: string;
  /** Ours. */
  reason?: StepUpCheckReason;
  /** Ours: how long nothing can mint the scope yet. */
  coolDownSeconds?: number;
  /** Ours: a change to the account is denied, and nobody has decided. */
  disputed?: boolean;
  /** Ours: a token for the scope works once. */
  singleUse?: boolean;
  /** Ours: life of a token for the scope. */
  expirySeconds?: number;
  /** Ours: tokens of the scope must be bound to a transaction. */
  binding?: StepUpCheckBinding;
  /** Ours: what a custom scope lets its holder do, in the operator's words, as they follow "to". */
  allows?: string;
}

/** Reads the answer as the server writes it. Throws a TypeError if it is none. */
export const StepUpCheckResponseFromJSON = /* @__PURE__ */ model<StepUpCheckResponse>('StepUpCheckResponse', {
  isRequired: flag,
  credentials: list(nested(StepUpCredentialFromJSON)),
  defaultCredentialId: optional(text),
  reason: optional(member()),
  coolDownSeconds: optional(number),
  disputed: optional(flag),
  singleUse: optional(flag),
  expirySeconds: optional(number),
  binding: optional(nested(StepUpCheckBindingFromJSON)),
  allows: optional(text),
});
