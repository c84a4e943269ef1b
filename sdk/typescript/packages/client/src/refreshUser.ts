import type { SdkUser } from '@stepup-auth/core';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { freshUser } from './internal/freshUser.js';

/**
 * Asks the server for the signed-in user anew.
 *
 * @throws UserNotAuthenticatedError if nobody is signed in, SessionEndedError if the session is over.
 * @example
 * ```ts
 * import { refreshUser } from '@stepup-auth/client';
 *
 * const user = await refreshUser();
 * console.log(user.verifiedCredentials.length);
 * ```
 */
export const refreshUser = async (client?: StepUpClient): Promise<SdkUser> => freshUser(await begin(client, 'required'));
