import type { VerifyResponse } from '@stepup-auth/core';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { type LegacyMfaOptions, mfaTokenWish } from './internal/mfaToken.js';
import type { Scope } from './internal/scope.js';
import { send } from './internal/send.js';
import { typed } from './internal/typed.js';
import { verified } from './internal/verified.js';

export interface AuthenticateMfaRecoveryCodeParams extends LegacyMfaOptions {
  code: string;
  /** What it proves: the token for it is held afterwards. */
  requestedScopes?: readonly Scope[];
  /** The one transaction to confirm, from `registerBinding`. */
  bindingId?: string | undefined;
}

/**
 * Proves with a recovery code that it is the user. Each code works once, and its owner is told.
 *
 * @throws MfaInvalidOtpError, MfaRateLimitedError, InvalidParamError when the code is empty.
 * @example
 * ```ts
 * import { authenticateMfaRecoveryCode } from '@stepup-auth/client';
 *
 * await authenticateMfaRecoveryCode({ code: 'ABCDE-FGHIJ', requestedScopes: ['credential:unlink'] });
 * ```
 */
export const authenticateMfaRecoveryCode = async (
  options: AuthenticateMfaRecoveryCodeParams,
  client?: StepUpClient,
): Promise<VerifyResponse> => {
  const { requestedScopes, bindingId } = options;
  const code = typed(options.code, /^\s+|\s+$/g);
  const { core, within } = await begin(client, 'required');
  const createMfaToken = mfaTokenWish(options);
  const json = await send(core, {
    method: 'POST',
    path: '/users/mfa/auth/recovery',
    session: within,
    body: { code, createMfaToken, bindingId, ...(requestedScopes?.length ? { requestedScopes } : {}) },
  });
  return verified(core, json, { within, requestedScopes, createMfaToken });
};
