import { type MFADevice, MFADeviceFromJSON } from '@stepup-auth/core';
import { call } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { readList } from './internal/json.js';

/**
 * The user's second factors that are no passkeys. Whether there is any second factor is in `getMfaMethods`.
 *
 * @throws UserNotAuthenticatedError if nobody is signed in.
 * @example
 * ```ts
 * import { getMfaDevices } from '@stepup-auth/client';
 *
 * const devices = await getMfaDevices();
 * console.log(devices.find((device) => device._default)?.alias);
 * ```
 */
export const getMfaDevices = async (client?: StepUpClient): Promise<MFADevice[]> =>
  readList(MFADeviceFromJSON, await call(client, { method: 'GET', path: '/users/mfa', repeat: true }), 'devices');
