import type { VerifyResponse } from '@stepup-auth/core';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { send } from './internal/send.js';
import { verified } from './internal/verified.js';
import { answerWithPasskey } from './internal/webauthn.js';

/**
 * Signs in with a passkey, which counts as a second factor too.
 *
 * @param options `relatedOriginRpId` names the domain the passkeys are made for, on pages of another.
 * @throws PasskeyCancelledError, PasskeyFailedError, NoWebAuthNSupportError, APIError `passkey_not_found`, `invalid_passkey`.
 * @example
 * ```ts
 * import { signInWithPasskey } from '@stepup-auth/client';
 *
 * const { user } = await signInWithPasskey();
 * console.log(user.id);
 * ```
 */
export const signInWithPasskey = async (
  { relatedOriginRpId }: { relatedOriginRpId?: string } = {},
  client?: StepUpClient,
): Promise<VerifyResponse> => {
  const { core } = await begin(client, 'none');
  const options = await send(core, { method: 'GET', path: '/users/passkeys/signin', query: { relatedOriginRpId }, session: 'none' });
  const body = await answerWithPasskey(core, options);
  return verified(core, await send(core, { method: 'POST', path: '/users/passkeys/signin', session: 'none', body }), { within: null });
};
