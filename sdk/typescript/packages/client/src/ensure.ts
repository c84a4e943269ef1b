import type { StepUpBinding, StepUpCheckResponse } from '@stepup-auth/core';
import { StepUpCancelledError } from './errors/StepUpCancelledError.js';
import { StepUpRequiredError } from './errors/StepUpRequiredError.js';
import { StepUpUnavailableError } from './errors/StepUpUnavailableError.js';
import { refused } from './internal/attach.js';
import { type Begun, begin } from './internal/call.js';
import { askable, check } from './internal/check.js';
import type { StepUpClient } from './internal/client.js';
import { refusalIn } from './internal/insufficient.js';
import { obtain } from './internal/obtain.js';
import type { Scope } from './internal/scope.js';
import type { Held } from './internal/state.js';
import { drop, find } from './internal/tokens.js';

/** What `ensure` found. */
export const StepUpOutcome = {
  /** No proof was needed, or one was held: the action ran. */
  AlreadyAuthorised: 'alreadyAuthorised',
  /** The user was asked and gave it: the action ran. */
  Verified: 'verified',
  /** The user closed the prompt: the action did not run, or was refused and not repeated. */
  Cancelled: 'cancelled',
  /** Nobody could be asked, `error` says why: the action did not run, or was refused and not repeated. */
  Unavailable: 'unavailable',
} as const;

export type StepUpOutcome = (typeof StepUpOutcome)[keyof typeof StepUpOutcome];

export type EnsureResult<T> =
  | { readonly outcome: 'alreadyAuthorised' | 'verified'; readonly result: T }
  | { readonly outcome: 'cancelled'; readonly error: StepUpCancelledError }
  | { readonly outcome: 'unavailable'; readonly error: StepUpUnavailableError };

/** What the action gets. */
export interface EnsureContext {
  /**
   * The token for your own server: put it into the header `Elevated-Access-Token`. Undefined where none is needed. It is one for the
   * scope that `ensure` was given, never for another; calls of this package attach theirs by themselves. A token that works once is
   * forgotten when the action that took it has ended.
   */
  token(): string | undefined;
}

export interface EnsureOptions {
  scope: Scope;
  /** The one transaction to confirm, from `registerBinding`; the user is then always asked. */
  binding?: StepUpBinding;
}

/**
 * Runs an action for which the user may have to prove that it is them: asks whether it is needed, prompts if so, runs it. When a gate
 * refuses it all the same, one of ours (403 `elevated_access_token_required`, as an error or as a `Response`) or anybody's
 * (`WWW-Authenticate` with `insufficient_scope`, or RFC 9470's `insufficient_user_authentication`), it prompts and runs it once more.
 * What else the action rejects with goes through, and a `Response` that is refused once more is the result. So is one that names
 * another scope: only the client's own server is followed to a scope that `ensure` was not given.
 *
 * @param what the scope, or an object with the scope and a binding.
 * @throws whatever the action or a verification is refused with. Cancelled and unavailable are outcomes, no errors.
 * @example
 * ```ts
 * import { ensure } from '@stepup-auth/client';
 *
 * const done = await ensure('transfer:create', ({ token }) =>
 *   fetch('/transfers', { method: 'POST', headers: { 'Elevated-Access-Token': token() ?? '' }, redirect: 'error' }),
 * );
 * switch (done.outcome) {
 *   case 'alreadyAuthorised':
 *   case 'verified':
 *     console.log(done.result.status);
 *     break;
 *   case 'cancelled':
 *     break;
 *   case 'unavailable':
 *     console.log(done.error.reason);
 * }
 * ```
 */
export const ensure = async <T>(
  what: Scope | EnsureOptions,
  action: (context: EnsureContext) => T | Promise<T>,
  client?: StepUpClient,
): Promise<EnsureResult<T>> => {
  const { scope, binding } = typeof what === 'string' ? { scope: what, binding: undefined } : what;
  const begun = await begin(client, 'required');
  const run = new Run(begun, action, scope, binding);
  try {
    const answer = binding ? undefined : await check(begun, scope);
    if (!answer || answer.isRequired) {
      if (answer) askable(answer);
      await run.prove(scope, answer);
    }
    let tried = await run.try();
    if ('refusal' in tried && tried.refusal.reason !== 'wrong_binding') {
      await refused(begun.core, tried.refusal.reason, tried.taken);
      await run.prove(tried.refusal.scope);
      tried = await run.try();
    }
    if ('refusal' in tried && tried.refusal.error) throw tried.refusal.error;
    return { outcome: run.asked ? 'verified' : 'alreadyAuthorised', result: tried.result as T };
  } catch (error) {
    if (error instanceof StepUpCancelledError) return { outcome: 'cancelled', error };
    if (error instanceof StepUpUnavailableError) return { outcome: 'unavailable', error };
    throw error;
  }
};

/** A refusal that another proof, for `scope`, may turn. */
interface Refusal {
  readonly scope: Scope;
  readonly reason: string;
  /** The error of our own API. */
  readonly error?: Error;
}

type Tried<T> = { readonly result: T } | { readonly refusal: Refusal; readonly taken: string | undefined; readonly result?: T };

class Run<T> {
  asked = false;

  constructor(
    private readonly begun: Begun,
    private readonly action: (context: EnsureContext) => T | Promise<T>,
    private readonly scope: Scope,
    private readonly binding: StepUpBinding | undefined,
  ) {}

  async prove(scope: Scope, check?: StepUpCheckResponse): Promise<void> {
    await obtain(this.begun, { requestedScopes: [scope], binding: this.binding, ...(check ? { check } : {}) });
    this.asked = true;
  }

  async try(): Promise<Tried<T>> {
    const { scope, begun } = this;
    const { core } = begun;
    core.still(begun.within);
    let taken: Held | undefined;
    const token = (): string | undefined => {
      if (taken || core.state.session?.sessionId !== begun.within.sessionId) return taken?.token;
      taken = find(core.state, [scope], this.binding?.hash ?? null, core.config.now(), core.busy);
      if (taken?.singleUse) core.busy.add(taken.token);
      return taken?.token;
    };
    try {
      const result = await this.action({ token });
      const reason = await refusalIn(result, scope);
      const used = taken as Held | undefined;
      if (reason !== undefined) return { refusal: { scope, reason }, taken: used?.token, result };
      if (used?.singleUse) await core.update((state) => drop(state, used.token));
      return { result };
    } catch (error) {
      if (!(error instanceof StepUpRequiredError) || !(error.scope === scope || core.refusals.has(error))) throw error;
      return { refusal: { scope: error.scope, reason: error.reason, error }, taken: taken?.token };
    } finally {
      if (taken) core.busy.delete(taken.token);
    }
  }
}
