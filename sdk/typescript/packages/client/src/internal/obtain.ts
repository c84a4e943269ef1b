import type { StepUpBinding, StepUpCheckResponse } from '@stepup-auth/core';
import { checkStepUpAuth } from '../checkStepUpAuth.js';
import { InvalidParamError } from '../errors/InvalidParamError.js';
import { NoElevatedTokenError } from '../errors/NoElevatedTokenError.js';
import { StepUpUnavailableError } from '../errors/StepUpUnavailableError.js';
import { begin } from './call.js';
import { clientOrDefault, type StepUpClient } from './client.js';
import type { Core } from './core.js';
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
export const obtain = async (asked: Asked, client: StepUpClient | undefined): Promise<string> => {
  if (!asked.requestedScopes?.length) throw new InvalidParamError('Say which scopes are asked for: requestedScopes.');
  const core = await begin(client, 'required');
  const held = asked.binding ? undefined : tokenFor(core, asked);
  if (held) return held;
  const what = `prompt:${[...asked.requestedScopes].sort().join(' ')}:${asked.binding?.bindingId ?? ''}:${asked.methods ?? ''}`;
  return core.once(what, () => core.exclusively('prompt', () => prompt(core, asked, clientOrDefault(client))));
};

/** A token that is held and covers all that is asked for. */
const tokenFor = (core: Core, { requestedScopes, binding }: Asked): string | undefined => {
  const held = find(core.state, requestedScopes.slice(0, 1), binding?.hash ?? null, core.config.now(), core.busy);
  if (!held || (binding && held.boundTo !== binding.hash)) return undefined;
  return requestedScopes.every((scope) => held.scopes.includes(scope)) ? held.token : undefined;
};

const prompt = async (core: Core, asked: Asked, client: StepUpClient): Promise<string> => {
  await core.load(); // another tab may have proven it while this one waited
  const held = asked.binding ? undefined : tokenFor(core, asked);
  if (held) return held;
  const show = promptOf(core);
  if (!show) throw new StepUpUnavailableError(asked.check?.reason === 'no_method' ? 'no_method' : 'no_prompt');
  const { signal } = core.ending;
  const check = only(asked.methods, asked.check ?? (await checkStepUpAuth({ scope: asked.requestedScopes[0]! }, client)));
  if (check.reason === 'check_failed') throw new StepUpUnavailableError('check_failed', (check as { error?: unknown }).error);
  if (check.reason === 'disputed' || check.reason === 'cooling_down') throw new StepUpUnavailableError(check.reason); // no proof would do
  if (asked.methods && check.credentials.length === 0) throw new StepUpUnavailableError('no_method');
  const { requestedScopes, binding } = asked;
  await untilEnd(signal, show({ client, requestedScopes, check, ...(binding ? { binding } : {}), signal }));
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
