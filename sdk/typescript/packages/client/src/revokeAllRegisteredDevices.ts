import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { send } from './internal/send.js';

/**
 * Makes all of the user's devices unknown again and ends all sessions, this one too.
 *
 * @throws UserNotAuthenticatedError if nobody is signed in.
 * @example
 * ```ts
 * import { revokeAllRegisteredDevices } from '@stepup-auth/client';
 *
 * await revokeAllRegisteredDevices();
 * ```
 */
export const revokeAllRegisteredDevices = async (client?: StepUpClient): Promise<void> => {
  const { core, within } = await begin(client, 'required');
  await send(core, { method: 'DELETE', path: '/deviceRegistrations', session: within });
  await core.forget(within.sessionId, 'all-devices-revoked');
};
