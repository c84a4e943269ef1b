import { type UserPasskey, UserPasskeyFromJSON } from '@stepup-auth/core';
import { call } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { readList } from './internal/json.js';

/**
 * The user's passkeys.
 *
 * @throws UserNotAuthenticatedError if nobody is signed in.
 * @example
 * ```ts
 * import { getPasskeys } from '@stepup-auth/client';
 *
 * const passkeys = await getPasskeys();
 * console.log(passkeys.length);
 * ```
 */
export const getPasskeys = async (client?: StepUpClient): Promise<UserPasskey[]> =>
  readList(UserPasskeyFromJSON, await call(client, { method: 'GET', path: '/users/passkeys', repeat: true }), 'passkeys');
