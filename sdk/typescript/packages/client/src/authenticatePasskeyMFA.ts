import type { VerifyResponse } from '@stepup-auth/core';
import { begin } from './internal/call.js';
import { coreOf, type StepUpClient } from './internal/client.js';
import { type LegacyMfaOptions, mfaTokenWish } from './internal/mfaToken.js';
import { prepare, takePrepared } from './internal/prepare.js';
import type { Scope } from './internal/scope.js';
import { send } from './internal/send.js';
import { verified } from './internal/verified.js';
import { answerWithPasskey } from './internal/webauthn.js';
import type { PreparePasskeyMFAParams } from './preparePasskeyMFA.js';

export interface AuthenticatePasskeyMFAParams extends LegacyMfaOptions, PreparePasskeyMFAParams {
  /** What it proves: the token for it is held afterwards. */
  requestedScopes?: readonly Scope[];
}

/**
 * Proves with a passkey that it is the user. With `preparePasskeyMFA` before it, it opens the prompt without a request, which keeps
 * the user's tap.
 *
 * @throws NoPasskeyCredentialsFoundError if there is none to use, PasskeyCancelledError, PasskeyFailedError, NoWebAuthNSupportError,
 * APIError `invalid_passkey`, MfaRateLimitedError.
 * @example
 * ```ts
 * import { authenticatePasskeyMFA } from '@stepup-auth/client';
 * import { TokenScope } from '@stepup-auth/core';
 *
 * await authenticatePasskeyMFA({ requestedScopes: [TokenScope.Walletexport] });
 * ```
 */
export const authenticatePasskeyMFA = async (options: AuthenticatePasskeyMFAParams = {}, client?: StepUpClient): Promise<VerifyResponse> => {
  const { requestedScopes, bindingId, relatedOriginRpId } = options;
  const chosen = coreOf(client);
  const ahead = takePrepared(chosen, { bindingId, relatedOriginRpId });
  const { core, within } = ahead ? { core: chosen, within: chosen.session() } : await begin(client, 'required');
  const prepared = ahead ?? (await prepare(core, within, options));
  const assertion = await answerWithPasskey(core, prepared.options);
  const createMfaToken = mfaTokenWish(options);
  const json = await send(core, {
    method: 'POST',
    path: '/users/mfa/auth/passkey',
    session: within,
    body: { ...assertion, createMfaToken, ...(requestedScopes?.length ? { requestedScopes } : {}) },
  });
  return verified(core, json, { within, requestedScopes, createMfaToken });
};
