import type { VerifyResponse } from '@stepup-auth/core';
import { begin } from './internal/call.js';
import { coreOf, type StepUpClient } from './internal/client.js';
import { send } from './internal/send.js';
import { verified } from './internal/verified.js';

export interface CompleteDeviceRegistrationParams {
  /** What `getDeviceRegistrationTokenFromUrl` answers. */
  deviceToken: string;
}

/**
 * Registers this device by the link that was mailed, in the session that asked for it. The session that follows has another id; other
 * tabs hear of it. However often it is called for one link at a time, the link is used once.
 *
 * @throws UserNotAuthenticatedError where nobody is signed in, which is so in any other browser than the one that asked, APIError
 * `invalid_device_registration` if the link is used, expired, or of another sign-in.
 * @example
 * ```ts
 * import { completeDeviceRegistration, detectDeviceRegistrationRedirect, getDeviceRegistrationTokenFromUrl } from '@stepup-auth/client';
 *
 * const url = location.href;
 * if (detectDeviceRegistrationRedirect({ url })) {
 *   await completeDeviceRegistration({ deviceToken: getDeviceRegistrationTokenFromUrl({ url }) });
 * }
 * ```
 */
export const completeDeviceRegistration = async (
  { deviceToken }: CompleteDeviceRegistrationParams,
  client?: StepUpClient,
): Promise<VerifyResponse> =>
  coreOf(client).once(`device:${deviceToken}`, async () => {
    const { core, within } = await begin(client, 'required');
    const headers = { 'x-dynamic-device-registration-token': deviceToken };
    const json = await send(core, { method: 'POST', path: '/deviceRegistration', session: within, headers });
    const answer = await verified(core, json, { within });
    core.events.emit('deviceRegistrationCompleted', { user: core.user });
    return answer;
  });
