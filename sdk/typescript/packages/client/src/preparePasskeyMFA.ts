import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { prepare } from './internal/prepare.js';

export interface PreparePasskeyMFAParams {
  /** The one transaction to confirm, from `registerBinding`. */
  bindingId?: string | undefined;
  /** Names the domain the passkeys are made for, on pages of another. */
  relatedOriginRpId?: string | undefined;
}

/**
 * Fetches what the next `authenticatePasskeyMFA` needs, before the user taps: some browsers show a passkey prompt only right after a
 * tap, and a request in between loses it. It holds for four minutes.
 *
 * @throws NoPasskeyCredentialsFoundError if the user has no passkey that counts.
 * @example
 * ```ts
 * import { authenticatePasskeyMFA, preparePasskeyMFA } from '@stepup-auth/client';
 *
 * await preparePasskeyMFA();
 * document.querySelector('button')?.addEventListener('click', () => {
 *   void authenticatePasskeyMFA({ requestedScopes: ['wallet:export'] });
 * });
 * ```
 */
export const preparePasskeyMFA = async (options: PreparePasskeyMFAParams = {}, client?: StepUpClient): Promise<void> => {
  const { core, within } = await begin(client, 'required');
  const prepared = await prepare(core, within, options);
  core.still(within);
  core.preparedPasskey = prepared;
};
