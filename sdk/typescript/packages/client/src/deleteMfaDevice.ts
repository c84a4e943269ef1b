import { call } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { path } from './internal/path.js';

export interface DeleteMfaDeviceParams {
  deviceId: string;
  /** Legacy: a token of action-based MFA, in place of the one that is held. */
  mfaAuthToken?: string;
}

/**
 * Removes a second factor. It needs a token for `credential:unlink`, under the old API version one of either kind.
 *
 * @throws StepUpRequiredError without a token, APIError `mfa_device_not_found`, `cannot_delete_last_mfa_device`.
 * @example
 * ```ts
 * import { deleteMfaDevice } from '@stepup-auth/client';
 *
 * await deleteMfaDevice({ deviceId: '8d1b0c5e-2f0a-4c53-9f0e-2c2f8d3f7a10' });
 * ```
 */
export const deleteMfaDevice = async ({ deviceId, mfaAuthToken }: DeleteMfaDeviceParams, client?: StepUpClient): Promise<void> => {
  await call(client, {
    method: 'DELETE',
    path: path`/users/mfa/${deviceId}`,
    gate: { scopes: ['credential:unlink'], legacy: true, mfaToken: mfaAuthToken },
  });
};
