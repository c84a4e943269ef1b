import type { StepUpBinding, StepUpCheckResponse } from '@stepup-auth/core';
import { NoElevatedTokenError } from '../errors/NoElevatedTokenError.js';
import { StepUpUnavailableError } from '../errors/StepUpUnavailableError.js';
import type { Begun } from './call.js';
import { askable, check } from './check.js';
import type { Core } from './core.js';
import { only, type StepUpMethods } from './only.js';
import { promptOf, untilEnd } from './prompt.js';
import { withProofs } from './proofs.js';
import { find } from './tokens.js';

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
  return core.once(what, () => core.exclusively('prompt', () => ask(begun, asked)));
};

/** A token that is held and covers all that is asked for. */
const tokenFor = (core: Core, { requestedScopes, binding }: Asked): string | undefined => {
  const held = find(core.state, requestedScopes.slice(0, 1), binding?.hash ?? null, core.config.now(), core.busy);
  if (!held || (binding && held.boundTo !== binding.hash)) return undefined;
  return requestedScopes.every((scope) => held.scopes.includes(scope)) ? held.token : undefined;
};

const ask = async (begun: Begun, asked: Asked): Promise<string> => {
  const { client, core, within } = begun;
  await core.load(); // another tab may have proven it while this one waited
  core.still(within);
  const held = asked.binding ? undefined : tokenFor(core, asked);
  if (held) return held;
  const prompt = await promptOf(core, asked.check?.reason === 'no_method' ? 'no_method' : 'no_prompt');
  const { signal } = core.ending;
  const { requestedScopes, binding, methods } = asked;
  const answer = only(methods, await withProofs(begun, asked.check ?? (await check(begun, requestedScopes[0]!, binding !== undefined))));
  core.still(within);
  askable(answer);
  if (!prompt.explains) {
    if (answer.reason === 'disputed' || answer.reason === 'cooling_down') throw new StepUpUnavailableError(answer.reason); // no proof would do
    if (methods && answer.credentials.length === 0) throw new StepUpUnavailableError('no_method');
  }
  const more = { ...(binding ? { binding } : {}), ...(methods ? { methods } : {}) };
  await untilEnd(signal, () => prompt.show({ client, requestedScopes, check: answer, ...more, signal }));
  core.still(within);
  const token = tokenFor(core, asked);
  if (!token) throw new NoElevatedTokenError();
  return token;
};
