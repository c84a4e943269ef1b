/** Asks for a token of action-based MFA; `true` is one that works once. */
export type CreateMfaTokenOption = boolean | { singleUse: boolean };

/** Both spellings, of which published clients have one here and the other there. */
export interface LegacyMfaOptions {
  /** Legacy: ask for a token of action-based MFA. Ask for `requestedScopes` instead. */
  createMfaToken?: CreateMfaTokenOption | undefined;
  /** Legacy: the same. */
  createMfaTokenOptions?: CreateMfaTokenOption | undefined;
}

export const mfaTokenWish = ({ createMfaToken, createMfaTokenOptions }: LegacyMfaOptions): { singleUse: boolean } | undefined => {
  const wish = createMfaToken ?? createMfaTokenOptions;
  if (wish === undefined || wish === false) return undefined;
  return wish === true ? { singleUse: true } : { singleUse: wish.singleUse };
};
