import type { VerifyResponse } from '@stepup-auth/core';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { type LegacyMfaOptions, mfaTokenWish } from './internal/mfaToken.js';
import { needToken } from './internal/needToken.js';
import { send } from './internal/send.js';
import { verified } from './internal/verified.js';
import { makePasskey } from './internal/webauthn.js';

/**
 * Makes a passkey. It needs a token for `credential:link`. If it is the user's first second factor, tokens from weaker proofs are
 * dead afterwards, and the next check asks the server.
 *
 * @throws StepUpRequiredError without a token, PasskeyCancelledError, PasskeyFailedError, NoWebAuthNSupportError, APIError
 * `max_passkeys_per_user`.
 * @example
 * ```ts
 * import { registerPasskey } from '@stepup-auth/client';
 *
 * await registerPasskey();
 * ```
 */
export const registerPasskey = async (options: LegacyMfaOptions = {}, client?: StepUpClient): Promise<VerifyResponse> => {
  const begun = await begin(client, 'required');
  const { core, within } = begun;
  await needToken(begun, 'credential:link'); // before there is a passkey that nobody takes
  const created = await makePasskey(core, await send(core, { method: 'GET', path: '/users/passkeys/register', session: within }));
  const createMfaToken = mfaTokenWish(options);
  const json = await send(core, {
    method: 'POST',
    path: '/users/passkeys/register',
    session: within,
    body: { ...created, createMfaToken },
    gate: { scopes: ['credential:link'] },
  });
  return verified(core, json, { within, createMfaToken, enrolled: true });
};
