import { StepUpRequiredError } from '../errors/StepUpRequiredError.js';
import type { Begun } from './call.js';
import { askable, check } from './check.js';

/**
 * Refuses as the gate would, for a call that leaves something behind on this machine before its gate is reached. Under the old API
 * version the check is about more gates than that one, so there it is left to the gate.
 */
export const needToken = async (begun: Begun, scope: string): Promise<void> => {
  const { core } = begun;
  if (core.settings?.sdk?.minApiVersion === '2026_01_01') return;
  const answer = await check(begun, scope);
  const { isRequired, reason, error, singleUse = false, credentials } = answer;
  if (!isRequired) return;
  if (reason === 'check_failed') throw error;
  askable(answer);
  const refusal = new StepUpRequiredError({
    code: 'elevated_access_token_required',
    message: `Elevated access token with scope ${scope} required.`,
    payload: {},
    scope,
    reason: reason === 'no_method' || reason === 'disputed' ? reason : 'missing',
    singleUse,
    methods: credentials.map(({ format, type }) => type ?? format),
  });
  core.refusals.add(refusal);
  throw refusal;
};
