import type { VerifyResponse } from '@stepup-auth/core';
import type { Begun } from './call.js';
import { type LegacyMfaOptions, mfaTokenWish } from './mfaToken.js';
import { needToken } from './needToken.js';
import { send } from './send.js';
import { verified } from './verified.js';
import { makePasskey } from './webauthn.js';

/** Fetches what a new passkey is made with. */
export const passkeyOptions = async (begun: Begun): Promise<unknown> => {
  await needToken(begun, 'credential:link'); // before there is a passkey that nobody takes
  return send(begun.core, { method: 'GET', path: '/users/passkeys/register', session: begun.within });
};

/** Makes a passkey and enrols it. */
export const enrolPasskey = async ({ core, within }: Begun, creationOptions: unknown, options: LegacyMfaOptions): Promise<VerifyResponse> => {
  const created = await makePasskey(core, creationOptions);
  const createMfaToken = mfaTokenWish(options);
  const json = await send(core, {
    method: 'POST',
    path: '/users/passkeys/register',
    session: within,
    body: { ...created, createMfaToken },
    gate: { scopes: ['credential:link'] },
  });
  return verified(core, json, { within, createMfaToken, enrolled: true });
};
