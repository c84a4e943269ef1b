import { call } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';

/**
 * Deletes a passkey. It needs a token for `credential:unlink`, under the old API version one of either kind.
 *
 * @param options `passkeyId` is the `id` of `getPasskeys`, not WebAuthn's.
 * @throws StepUpRequiredError without a token, APIError `passkey_not_found`, `cannot_delete_last_mfa_device`.
 * @example
 * ```ts
 * import { deletePasskey, getPasskeys } from '@stepup-auth/client';
 *
 * const [passkey] = await getPasskeys();
 * if (passkey) await deletePasskey({ passkeyId: passkey.id });
 * ```
 */
export const deletePasskey = async ({ passkeyId }: { passkeyId: string }, client?: StepUpClient): Promise<void> => {
  await call(client, {
    method: 'DELETE',
    path: '/users/passkeys',
    body: { passkeyId },
    gate: { scopes: ['credential:unlink'], legacy: true },
  });
};
