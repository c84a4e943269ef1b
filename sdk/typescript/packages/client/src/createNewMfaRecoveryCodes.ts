import { type MFARegenRecoveryCodesResponse, MFARegenRecoveryCodesResponseFromJSON } from '@stepup-auth/core';
import { call } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { read } from './internal/json.js';

/**
 * Makes new recovery codes in place of all others. It needs a token for `credential:link`, or a second factor given in this
 * session within the last five minutes.
 *
 * @throws StepUpRequiredError without either.
 * @example
 * ```ts
 * import { createNewMfaRecoveryCodes } from '@stepup-auth/client';
 *
 * const { recoveryCodes } = await createNewMfaRecoveryCodes();
 * console.log(recoveryCodes.join('\n'));
 * ```
 */
export const createNewMfaRecoveryCodes = async (client?: StepUpClient): Promise<MFARegenRecoveryCodesResponse> =>
  read(
    MFARegenRecoveryCodesResponseFromJSON,
    await call(client, {
      method: 'POST',
      path: '/users/mfa/recovery',
      gate: { scopes: ['credential:link'], legacy: true },
    }),
  );
