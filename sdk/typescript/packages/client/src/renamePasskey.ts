import { type UserPasskey, UserPasskeyFromJSON } from '@stepup-auth/core';
import { call } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { read } from './internal/json.js';

/**
 * Names a passkey.
 *
 * @throws APIError `passkey_not_found`.
 * @example
 * ```ts
 * import { getPasskeys, renamePasskey } from '@stepup-auth/client';
 *
 * const [passkey] = await getPasskeys();
 * if (passkey) await renamePasskey({ passkeyId: passkey.id, alias: 'My laptop' });
 * ```
 */
export const renamePasskey = async ({ passkeyId, alias }: { passkeyId: string; alias: string }, client?: StepUpClient): Promise<UserPasskey> =>
  read(UserPasskeyFromJSON, await call(client, { method: 'PUT', path: '/users/passkeys', body: { id: passkeyId, alias } }));
