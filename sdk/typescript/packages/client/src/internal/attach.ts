import type { MFAAction } from '@stepup-auth/core';
import { StepUpRequiredError } from '../errors/StepUpRequiredError.js';
import type { Core } from './core.js';
import { isActionOn } from './settings.js';
import { drop, dropElevated, find } from './tokens.js';

/** What a call asks for at its gate. */
export interface Gate {
  /** Any of them opens it; the first that is held goes along. */
  readonly scopes: readonly string[];
  /** Hash of the transaction that the call is. */
  readonly boundTo?: string | undefined;
  /** The gate knows tokens of action-based MFA: always, or where this action is on. */
  readonly legacy?: true | MFAAction;
  /** A token of action-based MFA of the app's own, in place of the one that is held. */
  readonly mfaToken?: string | undefined;
}

/** The token that goes along with one call. */
export interface Attached {
  readonly header: string;
  readonly token: string;
  readonly singleUse: boolean;
}

/** Chooses the token for a gate. One that works once is out of reach for others until its call has ended. */
export const attach = (core: Core, gate: Gate | undefined): Attached | undefined => {
  if (!gate) return undefined;
  const held = find(core.state, gate.scopes, gate.boundTo ?? null, core.config.now(), core.busy);
  const attached = held ? { header: 'x-dyn-elevated-access-token', token: held.token, singleUse: held.singleUse } : legacyOf(core, gate);
  if (attached?.singleUse) core.busy.add(attached.token);
  return attached;
};

const legacyOf = (core: Core, gate: Gate): Attached | undefined => {
  const header = 'x-mfa-auth-token';
  if (gate.mfaToken !== undefined) return { header, token: gate.mfaToken, singleUse: gate.mfaToken === core.state.mfa?.token && core.state.mfa.singleUse };
  const { mfa } = core.state;
  if (!mfa || core.busy.has(mfa.token) || gate.legacy === undefined) return undefined;
  if (gate.legacy !== true && !isActionOn(core.settings, gate.legacy)) return undefined;
  return { header, ...mfa };
};

/** A token that was refused for one of these is worth nothing any more. */
const forGood = new Set(['expired', 'spent', 'wrong_subject', 'superseded', 'disputed']);

/** How a call ended; refused, in which session. */
export type Outcome = { readonly accepted: true } | { readonly error: unknown; readonly sessionId: string | undefined };

/**
 * What a call leaves of its token. Accepted, one that works once is gone. Refused for good it is gone too; refused for another reason,
 * or lost on its way, it is kept: our gates spend a token last.
 */
export const settle = async (core: Core, attached: Attached | undefined, outcome: Outcome): Promise<void> => {
  if (attached) core.busy.delete(attached.token);
  if ('accepted' in outcome) {
    if (attached?.singleUse) await core.update((state) => drop(state, attached.token));
    return;
  }
  const { error, sessionId } = outcome;
  if (!(error instanceof StepUpRequiredError)) return;
  core.refusals.add(error);
  await refused(core, error.reason, attached?.token);
  if (error.reason !== 'superseded' && error.reason !== 'disputed') return;
  await core.update((state) => {
    if (state.session?.sessionId !== sessionId) return;
    dropElevated(state);
    state.mfa = null;
  });
};

/** Forgets a token that was refused, if it was for good. No more than that: who refuses may be anybody whom the app handed it to. */
export const refused = async (core: Core, reason: string, token: string | undefined): Promise<void> => {
  if (token !== undefined && forGood.has(reason)) await core.update((state) => drop(state, token));
};
