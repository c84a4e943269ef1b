import { UserNotAuthenticatedError } from '../errors/UserNotAuthenticatedError.js';
import { clientOrDefault, coreOf, type StepUpClient } from './client.js';
import type { Core } from './core.js';
import { ready } from './ready.js';
import { isEnding, renew } from './renew.js';
import { type Call, send } from './send.js';
import type { Session } from './state.js';

/** Who asks: chosen once, when a function of this package is called, and the same to its end. */
export interface Begun<S extends Session | null = Session> {
  readonly client: StepUpClient;
  readonly core: Core;
  /** The session that all calls of the function are made in, whoever signs in meanwhile. */
  readonly within: S;
}

/** Begins a function with a client that is ready; where it needs a session, in one that does not end on its way. */
export const begin = async <W extends 'required' | 'if-any' | 'none'>(
  given: StepUpClient | undefined,
  wanted: W,
): Promise<Begun<W extends 'required' ? Session : Session | null>> => {
  const client = clientOrDefault(given);
  const core = coreOf(client);
  if (core.initStatus !== 'finished') await ready(core);
  const { session } = core.state;
  if (wanted === 'required' && !session) throw new UserNotAuthenticatedError();
  const within = wanted === 'none' ? null : session;
  if (within && isEnding(core, within)) await renew(core, within).catch(() => undefined); // the call itself says what is wrong
  return { client, core, within: (within && core.still(within)) as Session }; // null only where none is required
};

/** Makes one call in the session, with a client that may still have to get ready. */
export const call = async (client: StepUpClient | undefined, what: Omit<Call, 'session'>): Promise<unknown> => {
  const { core, within } = await begin(client, 'required');
  return send(core, { ...what, session: within });
};
