import type { VerifyResponse } from '@stepup-auth/core';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { enrolPasskey, passkeyOptions } from './internal/enrolPasskey.js';
import type { LegacyMfaOptions } from './internal/mfaToken.js';

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
  return enrolPasskey(begun, await passkeyOptions(begun), options);
};
