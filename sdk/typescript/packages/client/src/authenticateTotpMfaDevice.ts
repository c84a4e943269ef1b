import type { VerifyResponse } from '@stepup-auth/core';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { type LegacyMfaOptions, mfaTokenWish } from './internal/mfaToken.js';
import type { Scope } from './internal/scope.js';
import { send } from './internal/send.js';
import { typed } from './internal/typed.js';
import { verified } from './internal/verified.js';

export interface AuthenticateTotpMfaDeviceParams extends LegacyMfaOptions {
  /** As the user typed it; spaces are left out. */
  code: string;
  /** Which app: the one being enrolled is confirmed by it, another proves. By default the default one proves. */
  deviceId?: string;
  /** What it proves: the token for it is held afterwards. */
  requestedScopes?: readonly Scope[];
  /** The one transaction to confirm, from `registerBinding`. */
  bindingId?: string | undefined;
}

/**
 * Proves with a code of an authenticator app that it is the user, or confirms the app that is being enrolled. If that is the user's
 * first second factor, tokens from weaker proofs are dead afterwards, and the next check asks the server.
 *
 * @throws MfaInvalidOtpError, MfaRateLimitedError, APIError `mfa_device_not_found`, InvalidParamError when the code is empty.
 * @example
 * ```ts
 * import { authenticateTotpMfaDevice } from '@stepup-auth/client';
 * import { TokenScope } from '@stepup-auth/core';
 *
 * await authenticateTotpMfaDevice({ code: '123456', requestedScopes: [TokenScope.Walletexport] });
 * ```
 */
export const authenticateTotpMfaDevice = async (options: AuthenticateTotpMfaDeviceParams, client?: StepUpClient): Promise<VerifyResponse> => {
  const { deviceId, requestedScopes, bindingId } = options;
  const code = typed(options.code, /\s/g);
  const { core, within } = await begin(client, 'required');
  const enrolled = deviceId !== undefined && core.state.enrolling.includes(deviceId);
  const createMfaToken = mfaTokenWish(options);
  const json = await send(core, {
    method: 'POST',
    path: '/users/mfa/auth/totp',
    session: within,
    body: {
      code,
      id: deviceId,
      createMfaToken,
      bindingId,
      ...(requestedScopes?.length ? { requestedScopes } : {}),
    },
  });
  const answer = await verified(core, json, { within, requestedScopes, createMfaToken, enrolled });
  if (enrolled) {
    await core.update((state) => {
      state.enrolling = [];
    });
  }
  return answer;
};
