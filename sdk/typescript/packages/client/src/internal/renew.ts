import type { VerifyResponse } from '@stepup-auth/core';
import type { Core } from './core.js';
import { send } from './send.js';
import type { Session } from './state.js';
import { verified } from './verified.js';

/** Renews the session, once for all who ask, in all tabs: who waited for another tab's turn takes over what that one got. */
export const renew = (core: Core, within: Session): Promise<VerifyResponse | undefined> =>
  core.once(`renew:${within.sessionId}`, () =>
    core.exclusively('renew', async () => {
      await core.load();
      const session = core.still(within);
      if (session.token !== null && session.token !== within.token) return undefined;
      return verified(core, await send(core, { method: 'POST', path: '/refresh', session }), { within: session });
    }),
  );

/** Whether the last tenth of the session token's life, and at most its last five minutes, have begun. */
export const isEnding = (core: Core, session: Session): boolean => {
  if (session.until === 0) return false;
  const left = session.until - core.config.now();
  return left < Math.min((session.until - session.since) / 10, 300_000);
};
