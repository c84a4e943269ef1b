import { type SdkUser, SdkUserFromJSON } from '@stepup-auth/core';
import { IdentityMismatchError } from '../errors/IdentityMismatchError.js';
import type { Begun } from './call.js';
import { read } from './json.js';
import { send } from './send.js';

/** The user whose session it is, as the server knows them now. */
export const freshUser = async ({ core, within }: Begun): Promise<SdkUser> => {
  const json = await send(core, { method: 'GET', path: '/users', session: within, repeat: true });
  const user = read(SdkUserFromJSON, json);
  if (user.id !== within.userId || user.projectEnvironmentId !== core.config.environmentId) throw new IdentityMismatchError();
  await core.update((state) => {
    if (state.session?.sessionId === within.sessionId) state.session = { ...state.session, user: json };
  });
  return user;
};
