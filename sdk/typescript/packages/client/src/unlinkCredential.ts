import type { VerifyResponse } from '@stepup-auth/core';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { send } from './internal/send.js';
import { verified } from './internal/verified.js';

/**
 * Unlinks a credential: an address, a number, a wallet, a social account. It needs a token for `credential:unlink`.
 *
 * @param options `verifiedCredentialId` is the `id` in `verifiedCredentials` of the user.
 * @throws StepUpRequiredError without a token, APIError `cannot_delete_last_sign_in_verified_credential`, `invalid_unlink_request`.
 * @example
 * ```ts
 * import { getDefaultClient, unlinkCredential } from '@stepup-auth/client';
 *
 * const wallet = getDefaultClient().user?.verifiedCredentials.find(({ format }) => format === 'blockchain');
 * if (wallet) await unlinkCredential({ verifiedCredentialId: wallet.id });
 * ```
 */
export const unlinkCredential = async (
  { verifiedCredentialId }: { verifiedCredentialId: string },
  client?: StepUpClient,
): Promise<VerifyResponse> => {
  const { core, within } = await begin(client, 'required');
  const json = await send(core, {
    method: 'POST',
    path: '/verify/unlink',
    session: within,
    body: { verifiedCredentialId },
    gate: { scopes: ['credential:unlink'] },
  });
  return verified(core, json, { within });
};
