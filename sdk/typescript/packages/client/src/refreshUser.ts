import { type SdkUser, SdkUserFromJSON } from '@stepup-auth/core';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { IdentityMismatchError } from './errors/IdentityMismatchError.js';
import { read } from './internal/json.js';
import { send } from './internal/send.js';

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
export const refreshUser = async (client?: StepUpClient): Promise<SdkUser> => {
  const core = await begin(client, 'required');
  const within = core.session();
  const json = await send(core, { method: 'GET', path: '/users', session: 'required', repeat: true });
  const user = read(SdkUserFromJSON, json);
  if (user.id !== within.userId || user.projectEnvironmentId !== core.config.environmentId) throw new IdentityMismatchError();
  await core.update((state) => {
    if (state.session?.sessionId === within.sessionId) state.session = { ...state.session, user: json };
  });
  return user;
};
