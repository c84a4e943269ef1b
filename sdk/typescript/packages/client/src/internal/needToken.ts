import { checkStepUpAuth } from '../checkStepUpAuth.js';
import { StepUpRequiredError } from '../errors/StepUpRequiredError.js';
import type { StepUpClient } from './client.js';
import type { Core } from './core.js';

/**
 * Refuses as the gate would, for a call that leaves something behind on this machine before its gate is reached. Under the old API
 * version the check is about more gates than that one, so there it is left to the gate.
 */
export const needToken = async (core: Core, scope: string, client: StepUpClient | undefined): Promise<void> => {
  if (core.settings?.sdk?.minApiVersion === '2026_01_01') return;
  const check = await checkStepUpAuth({ scope }, client);
  if (!check.isRequired) return;
  if (check.reason === 'check_failed') throw check.error;
  const refusal = new StepUpRequiredError({
    code: 'elevated_access_token_required',
    message: `Elevated access token with scope ${scope} required.`,
    payload: {},
    scope,
    reason: check.reason === 'no_method' || check.reason === 'disputed' ? check.reason : 'missing',
    singleUse: check.singleUse ?? false,
    methods: check.credentials.map(({ format, type }) => type ?? format),
  });
  core.refusals.add(refusal);
  throw refusal;
};
