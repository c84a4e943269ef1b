import type { MFAMethodsResponse } from '@stepup-auth/core';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { mfaMethods } from './internal/mfaMethods.js';

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
  mfaMethods(await begin(client, 'required'));
