import { NoMfaTokenError } from './errors/NoMfaTokenError.js';
import { StepUpUnavailableError } from './errors/StepUpUnavailableError.js';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { type LegacyMfaOptions, mfaTokenWish } from './internal/mfaToken.js';
import { promptOf, untilEnd } from './internal/prompt.js';
import { secondFactors } from './internal/proofs.js';

/**
 * Legacy: asks the user for a second factor, with the prompt that is registered, and resolves with a token of action-based MFA once it
 * is held; by default one that works once. Use `promptStepUpAuth`.
 *
 * @throws StepUpCancelledError when the user closes it or the session ends, StepUpUnavailableError when nobody can be asked
 * (`no_prompt` if none is registered, `no_method` if the user has no second factor), NoMfaTokenError when the prompt ended without a
 * token, and whatever the verification was refused with.
 * @example
 * ```ts
 * import { isMfaRequiredForAction, MFAAction, promptMfaAuth } from '@stepup-auth/client';
 *
 * if (await isMfaRequiredForAction({ mfaAction: MFAAction.WalletWaasExport })) await promptMfaAuth();
 * ```
 */
export const promptMfaAuth = async (options: LegacyMfaOptions = {}, client?: StepUpClient): Promise<string> => {
  const begun = await begin(client, 'required');
  const { core, within } = begun;
  const createMfaToken = mfaTokenWish(options) ?? { singleUse: true };
  return core.once(`prompt:mfa:${within.sessionId}:${createMfaToken.singleUse}`, () =>
    core.exclusively('prompt', async () => {
      const prompt = await promptOf(core);
      const { signal } = core.ending;
      const factors = await secondFactors(begun);
      core.still(within);
      const none = factors.credentials.length === 0;
      if (none && !prompt.explains) throw new StepUpUnavailableError('no_method');
      const before = core.state.mfa?.token;
      const check = { isRequired: true, ...factors, reason: none ? ('no_method' as const) : ('step_up_required' as const) };
      await untilEnd(signal, () => prompt.show({ client: begun.client, requestedScopes: [], createMfaToken, check, signal }));
      core.still(within);
      const token = core.state.mfa?.token;
      if (token === undefined || token === before) throw new NoMfaTokenError();
      return token;
    }),
  );
};
