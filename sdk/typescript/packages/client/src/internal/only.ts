import type { StepUpCheckResponse } from '@stepup-auth/core';

/** Second factors, or everything else: codes by mail and text, wallets, social logins. */
export type StepUpMethods = 'mfa' | 'reauthentication';

/** The answer of a check with only the proofs that are to be offered; the default one only if it is among them. */
export const only = (methods: StepUpMethods | undefined, check: StepUpCheckResponse): StepUpCheckResponse => {
  if (!methods) return check;
  const credentials = check.credentials.filter(({ type }) => (type === 'totp' || type === 'passkey') === (methods === 'mfa'));
  const { defaultCredentialId, ...rest } = check;
  const stays = credentials.some(({ id }) => id === defaultCredentialId);
  return { ...rest, credentials, ...(stays && defaultCredentialId !== undefined ? { defaultCredentialId } : {}) };
};
