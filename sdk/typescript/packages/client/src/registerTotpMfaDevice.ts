import { type MFARegisterTotpDeviceGetResponse, MFARegisterTotpDeviceGetResponseFromJSON } from '@stepup-auth/core';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { read } from './internal/json.js';
import { send } from './internal/send.js';

/**
 * Begins to enrol an authenticator app, which needs a token for `credential:link`. Show `uri` as a QR code, and confirm with
 * `authenticateTotpMfaDevice({ code, deviceId: id })` within ten minutes. A newer enrolment takes the place of an older one.
 *
 * @throws StepUpRequiredError without a token.
 * @example
 * ```ts
 * import { authenticateTotpMfaDevice, registerTotpMfaDevice } from '@stepup-auth/client';
 *
 * const { id, uri } = await registerTotpMfaDevice();
 * console.log(uri);
 * await authenticateTotpMfaDevice({ code: '123456', deviceId: id });
 * ```
 */
export const registerTotpMfaDevice = async (client?: StepUpClient): Promise<MFARegisterTotpDeviceGetResponse> => {
  const { core, within } = await begin(client, 'required');
  const json = await send(core, { method: 'GET', path: '/users/mfa/register/totp', session: within, gate: { scopes: ['credential:link'] } });
  const device = read(MFARegisterTotpDeviceGetResponseFromJSON, json);
  await core.update((state) => {
    if (state.session?.sessionId === within.sessionId) state.enrolling = [device.id];
  });
  return device;
};
