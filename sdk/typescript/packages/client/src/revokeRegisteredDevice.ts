import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { memberOf } from './internal/json.js';
import { path } from './internal/path.js';
import { send } from './internal/send.js';

export interface RevokeRegisteredDeviceParams {
  /** The `id` of `getRegisteredDevices`. */
  deviceRegistrationId: string;
}

/**
 * Makes a device unknown again and ends the sessions on it. Of this device that signs out here too.
 *
 * @throws APIError `device_registration_not_found`.
 * @example
 * ```ts
 * import { getRegisteredDevices, revokeRegisteredDevice } from '@stepup-auth/client';
 *
 * const lost = (await getRegisteredDevices()).find(({ isCurrentDevice }) => !isCurrentDevice);
 * if (lost) await revokeRegisteredDevice({ deviceRegistrationId: lost.id });
 * ```
 */
export const revokeRegisteredDevice = async ({ deviceRegistrationId }: RevokeRegisteredDeviceParams, client?: StepUpClient): Promise<void> => {
  const { core, within } = await begin(client, 'required');
  const answer = await send(core, { method: 'DELETE', path: path`/deviceRegistrations/${deviceRegistrationId}`, session: within });
  if (memberOf(answer, 'currentDeviceRevoked') === true) await core.forget(within.sessionId, 'device-revoked');
};
