import { call } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { path } from './internal/path.js';

export interface DisputeMfaDeviceParams {
  /** The factor or the address that somebody denied. */
  deviceId: string;
  /** Whether it stays; otherwise it goes, with what it let in. */
  keep: boolean;
}

/**
 * Decides about a factor or an address that somebody said was not the user's. It needs a token for `credential:unlink`, from something
 * that was confirmed earlier.
 *
 * @throws StepUpRequiredError without a token, APIError `not_disputed`.
 * @example
 * ```ts
 * import { disputeMfaDevice } from '@stepup-auth/client';
 *
 * await disputeMfaDevice({ deviceId: '8d1b0c5e-2f0a-4c53-9f0e-2c2f8d3f7a10', keep: false });
 * ```
 */
export const disputeMfaDevice = async ({ deviceId, keep }: DisputeMfaDeviceParams, client?: StepUpClient): Promise<void> => {
  await call(client, {
    method: 'POST',
    path: path`/users/mfa/${deviceId}/dispute`,
    body: { keep },
    gate: { scopes: ['credential:unlink'] },
  });
};
