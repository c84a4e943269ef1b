import type { VerifyResponse } from '@stepup-auth/core';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { send } from './internal/send.js';
import { verified } from './internal/verified.js';

/**
 * Signs in with a JWT of your own login.
 *
 * @throws InvalidExternalAuthError if it does not hold.
 * @example
 * ```ts
 * import { signInWithExternalJwt } from '@stepup-auth/client';
 *
 * const externalJwt = await (await fetch('/my-login/jwt')).text();
 * await signInWithExternalJwt({ externalJwt });
 * ```
 */
export const signInWithExternalJwt = async ({ externalJwt }: { externalJwt: string }, client?: StepUpClient): Promise<VerifyResponse> => {
  const { core } = await begin(client, 'none');
  const json = await send(core, { method: 'POST', path: '/externalAuth/signin', session: 'none', body: { jwt: externalJwt } });
  return verified(core, json, { within: null });
};
