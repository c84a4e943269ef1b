import { StepUpCheckResponseFromJSON } from '@stepup-auth/core';
import type { StepUpCheck } from '../checkStepUpAuth.js';
import { APIError } from '../errors/APIError.js';
import { StepUpUnavailableError } from '../errors/StepUpUnavailableError.js';
import type { Begun } from './call.js';
import { waits } from './device.js';
import { read } from './json.js';
import { send } from './send.js';
import { find } from './tokens.js';

/**
 * Asks whether a proof is needed for a scope, in the session in which the asking function was begun. Uncertainty means that it is. For
 * one transaction it is asked although a token is held, which is for no other.
 */
export const check = async (begun: Begun | Promise<Begun>, scope: string, isBound = false): Promise<StepUpCheck> => {
  try {
    const { core, within: session } = await begun;
    core.still(session);
    if (waits(session.user)) return { isRequired: true, credentials: [], reason: 'device_not_registered' };
    const held = isBound ? undefined : find(core.state, [scope], null, core.config.now(), core.busy);
    if (held) return { isRequired: false, credentials: [], reason: 'held', singleUse: held.singleUse };
    return read(StepUpCheckResponseFromJSON, await send(core, { method: 'POST', path: '/stepUp/check', session, body: { scope }, repeat: true }));
  } catch (error) {
    if (error instanceof APIError && error.code === 'invalid_scopes') throw error; // it was asked, and says what is wrong with the question
    return { isRequired: true, credentials: [], reason: 'check_failed', error };
  }
};

/** Throws where nobody need be asked for a proof, because it is not known whether one would do, or the session may give none. */
export const askable = ({ reason, error }: StepUpCheck): void => {
  if (reason === 'check_failed') throw new StepUpUnavailableError(reason, error);
  if (reason === 'device_not_registered') throw new StepUpUnavailableError(reason);
};
