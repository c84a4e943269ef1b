import { SessionEndedError } from '../errors/SessionEndedError.js';
import type { Core } from './core.js';
import { send } from './send.js';
import { verified } from './verified.js';

/** Finds out whether the browser holds a session in a cookie that script cannot see. */
export const resume = async (core: Core): Promise<void> => {
  try {
    await verified(core, await send(core, { method: 'POST', path: '/refresh', session: null }), { within: null });
  } catch (error) {
    if (!(error instanceof SessionEndedError)) throw error;
  }
};
