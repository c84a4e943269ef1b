import { type MFAMethodsResponse, MFAMethodsResponseFromJSON } from '@stepup-auth/core';
import { call } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { read } from './internal/json.js';

/**
 * All second factors of the user, passkeys too, without what is being enrolled.
 *
 * @throws UserNotAuthenticatedError if nobody is signed in.
 * @example
 * ```ts
 * import { getMfaMethods } from '@stepup-auth/client';
 *
 * const { userHasVerifiedMfaMethods } = await getMfaMethods();
 * console.log(userHasVerifiedMfaMethods);
 * ```
 */
export const getMfaMethods = async (client?: StepUpClient): Promise<MFAMethodsResponse> =>
  read(
    MFAMethodsResponseFromJSON,
    await call(client, { method: 'GET', path: '/users/mfa/methods', query: { verifiedOnly: 'true' }, session: 'required', repeat: true }),
  );
