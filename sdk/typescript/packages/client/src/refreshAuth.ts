import type { VerifyResponse } from '@stepup-auth/core';
import { VerifyResponseFromJSON } from '@stepup-auth/core';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { renew } from './internal/renew.js';

/**
 * Renews the session's tokens; the session stays the same one. The client does this by itself before a session token ends. Calls at
 * the same time, in other tabs too, share one renewal.
 *
 * @throws UserNotAuthenticatedError if nobody is signed in, SessionEndedError if the session is over.
 * @example
 * ```ts
 * import { refreshAuth } from '@stepup-auth/client';
 *
 * const { expiresAt } = await refreshAuth();
 * console.log(new Date(expiresAt * 1000));
 * ```
 */
export const refreshAuth = async (client?: StepUpClient): Promise<VerifyResponse> => {
  const { core, within } = await begin(client, 'required');
  const answer = await renew(core, within);
  if (answer) return answer;
  const session = core.still(within); // another tab has renewed it meanwhile
  return VerifyResponseFromJSON({
    user: session.user,
    minifiedJwt: session.token,
    jwt: session.idToken,
    expiresAt: Math.floor(session.until / 1000),
  });
};
