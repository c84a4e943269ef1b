import { flag, model } from '../internal/model.js';

/** What kind of token of action-based MFA is asked for. */
export interface CreateMfaToken {
  singleUse: boolean;
}

/** Reads the wish. Throws a TypeError if it is none. */
export const CreateMfaTokenFromJSON = /* @__PURE__ */ model<CreateMfaToken>('CreateMfaToken', { singleUse: flag });
