import { call } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { path } from './internal/path.js';

/**
 * Makes a device the one that is asked first.
 *
 * @throws APIError `mfa_device_not_found`.
 * @example
 * ```ts
 * import { setDefaultMfaDevice } from '@stepup-auth/client';
 *
 * await setDefaultMfaDevice({ deviceId: '8d1b0c5e-2f0a-4c53-9f0e-2c2f8d3f7a10' });
 * ```
 */
export const setDefaultMfaDevice = async ({ deviceId }: { deviceId: string }, client?: StepUpClient): Promise<void> => {
  await call(client, { method: 'PUT', path: path`/users/mfa/${deviceId}`, body: { default: true } });
};
