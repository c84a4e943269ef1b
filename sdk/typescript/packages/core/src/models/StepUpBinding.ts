import { date, flag, model, optional, text } from '../internal/model.js';

/** A transaction that was registered, for a step-up to confirm. Ours. */
export interface StepUpBinding {
  bindingId: string;
  /** SHA-256 over the details, in hex; a token bound to them carries it. */
  hash: string;
  /** What is confirmed, in the server's words. */
  summary: string;
  expiresAt: Date;
  /** Only a proof that shows it counts. */
  mustDisplay?: boolean;
}

/** Reads the binding as the server writes it. Throws a TypeError if it is none. */
export const StepUpBindingFromJSON = /* @__PURE__ */ model<StepUpBinding>('StepUpBinding', {
  bindingId: text,
  hash: text,
  summary: text,
  expiresAt: date,
  mustDisplay: optional(flag),
});
