import { type MFAGetRecoveryCodesResponse, MFAGetRecoveryCodesResponseFromJSON } from '@stepup-auth/core';
import { call } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { read } from './internal/json.js';

/**
 * The user's recovery codes, made at the first call. They are shown until they are acknowledged. It needs a token for
 * `credential:link`, or a second factor given in this session within the last five minutes.
 *
 * @throws StepUpRequiredError without either.
 * @example
 * ```ts
 * import { getMfaRecoveryCodes } from '@stepup-auth/client';
 *
 * const { recoveryCodes } = await getMfaRecoveryCodes();
 * console.log(recoveryCodes.join('\n'));
 * ```
 */
export const getMfaRecoveryCodes = async (client?: StepUpClient): Promise<MFAGetRecoveryCodesResponse> =>
  read(
    MFAGetRecoveryCodesResponseFromJSON,
    await call(client, {
      method: 'GET',
      path: '/users/mfa/recovery',
      gate: { scopes: ['credential:link'], legacy: true },
    }),
  );
