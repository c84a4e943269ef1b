import { type MFAMethodsResponse, MFAMethodsResponseFromJSON } from '@stepup-auth/core';
import type { Begun } from './call.js';
import { read } from './json.js';
import { send } from './send.js';

/** The second factors of the user whose session it is. */
export const mfaMethods = async ({ core, within: session }: Begun): Promise<MFAMethodsResponse> =>
  read(
    MFAMethodsResponseFromJSON,
    await send(core, { method: 'GET', path: '/users/mfa/methods', query: { verifiedOnly: 'true' }, session, repeat: true }),
  );
