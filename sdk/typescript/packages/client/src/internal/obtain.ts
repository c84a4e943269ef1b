import type { StepUpBinding, StepUpCheckResponse } from '@stepup-auth/core';
import { NoElevatedTokenError } from '../errors/NoElevatedTokenError.js';
import { StepUpUnavailableError } from '../errors/StepUpUnavailableError.js';
import type { Begun } from './call.js';
import { check } from './check.js';
import type { Core } from './core.js';
import { withProofs } from './proofs.js';
import { promptOf, untilEnd } from './prompt.js';
import { find } from './tokens.js';

/** Second factors, or everything else: codes by mail and text, wallets, social logins. */
export type StepUpMethods = 'mfa' | 'reauthentication';

export interface Asked {
  readonly requestedScopes: readonly string[];
  readonly binding: StepUpBinding | undefined;
  readonly methods?: StepUpMethods | undefined;
  /** What the server has just said about the first of the scopes. */
  readonly check?: StepUpCheckResponse;
}

/** Gets a token: one that is held, else by the prompt, of which one is open at a time. */
export const obtain = async (begun: Begun, asked: Asked): Promise<string> => {
  const { core, within } = begun;
  core.still(within);
  const held = asked.binding ? undefined : tokenFor(core, asked);
  if (held) return held;
  const what = `prompt:${within.sessionId}:${[...asked.requestedScopes].sort().join(' ')}:${asked.binding?.bindingId ?? ''}:${asked.methods ?? ''}`;
  return core.once(what, () => core.exclusively('prompt', () => prompt(begun, asked)));
};

/** A token that is held and covers all that is asked for. */
const tokenFor = (core: Core, { requestedScopes, binding }: Asked): string | undefined => {
  const held = find(core.state, requestedScopes.slice(0, 1), binding?.hash ?? null, core.config.now(), core.busy);
  if (!held || (binding && held.boundTo !== binding.hash)) return undefined;
  return requestedScopes.every((scope) => held.scopes.includes(scope)) ? held.token : undefined;
};

const prompt = async (begun: Begun, asked: Asked): Promise<string> => {
  const { client, core, within } = begun;
  await core.load(); // another tab may have proven it while this one waited
  core.still(within);
  const held = asked.binding ? undefined : tokenFor(core, asked);
  if (held) return held;
  const show = promptOf(core);
  if (!show) throw new StepUpUnavailableError(asked.check?.reason === 'no_method' ? 'no_method' : 'no_prompt');
  const { signal } = core.ending;
  const answer = only(asked.methods, await withProofs(begun, asked.check ?? (await check(begun, asked.requestedScopes[0]!))));
  core.still(within);
  if (answer.reason === 'check_failed') throw new StepUpUnavailableError('check_failed', (answer as { error?: unknown }).error);
  if (answer.reason === 'disputed' || answer.reason === 'cooling_down') throw new StepUpUnavailableError(answer.reason); // no proof would do
  if (asked.methods && answer.credentials.length === 0) throw new StepUpUnavailableError('no_method');
  const { requestedScopes, binding } = asked;
  await untilEnd(signal, () => show({ client, requestedScopes, check: answer, ...(binding ? { binding } : {}), signal }));
  core.still(within);
  const token = tokenFor(core, asked);
  if (!token) throw new NoElevatedTokenError();
  return token;
};

/** The answer of a check with only the proofs that are to be offered; the default one only if it is among them. */
const only = (methods: StepUpMethods | undefined, check: StepUpCheckResponse): StepUpCheckResponse => {
  if (!methods) return check;
  const credentials = check.credentials.filter(({ type }) => (type === 'totp' || type === 'passkey') === (methods === 'mfa'));
  const { defaultCredentialId, ...rest } = check;
  const stays = credentials.some(({ id }) => id === defaultCredentialId);
  return { ...rest, credentials, ...(stays && defaultCredentialId !== undefined ? { defaultCredentialId } : {}) };
};
