import { flag, member, model } from '../internal/model.js';

/** When tokens of a scope must be bound to a transaction, and whether the method must show it. */
export interface StepUpCheckBinding {
  require: 'always' | 'above';
  displayed: boolean;
}

export const StepUpCheckBindingFromJSON = /* @__PURE__ */ model<StepUpCheckBinding>('StepUpCheckBinding', {
  require: member(),
  displayed: flag,
});
