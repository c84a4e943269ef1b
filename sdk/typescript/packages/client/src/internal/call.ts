import { UserNotAuthenticatedError } from '../errors/UserNotAuthenticatedError.js';
import type { StepUpClient } from './client.js';
import { coreOf } from './client.js';
import type { Core } from './core.js';
import { ready } from './ready.js';
import { isEnding, renew } from './renew.js';
import { type Call, send } from './send.js';

/** The core of a client that is ready; where a call needs a session, with one that does not end on its way. */
export const begin = async (client: StepUpClient | undefined, session: Call['session']): Promise<Core> => {
  const core = coreOf(client);
  await ready(core);
  if (session === 'required' && !core.state.session) throw new UserNotAuthenticatedError();
  if (session !== 'none' && isEnding(core)) await renew(core).catch(() => undefined); // the call itself says what is wrong
  return core;
};

/** Makes one call with a client that may still have to get ready. */
export const call = async (client: StepUpClient | undefined, what: Call): Promise<unknown> => send(await begin(client, what.session), what);
