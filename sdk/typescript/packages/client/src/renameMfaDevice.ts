import { call } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { path } from './internal/path.js';

/**
 * Names a device.
 *
 * @throws APIError `mfa_device_not_found`.
 * @example
 * ```ts
 * import { renameMfaDevice } from '@stepup-auth/client';
 *
 * await renameMfaDevice({ deviceId: '8d1b0c5e-2f0a-4c53-9f0e-2c2f8d3f7a10', alias: 'My phone' });
 * ```
 */
export const renameMfaDevice = async ({ deviceId, alias }: { deviceId: string; alias: string }, client?: StepUpClient): Promise<void> => {
  await call(client, { method: 'PUT', path: path`/users/mfa/${deviceId}`, body: { alias } });
};
