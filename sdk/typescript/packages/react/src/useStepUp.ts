'use client';
import { ensure, type EnsureContext, type EnsureResult, type Scope } from '@stepup-auth/client';
import { useCallback, useMemo, useRef, useState } from 'react';
import { useLatest } from './internal/useLatest.js';
import { useStepUpClient } from './useStepUpClient.js';

export interface UseStepUpOptions {
  /** What the action needs a proof for. */
  scope: Scope;
}

export interface StepUpAction<A extends readonly unknown[], T> {
  /**
   * Runs the action, and prompts for a proof where one is needed. Resolves with the outcome; rejects with whatever the action or a
   * verification is refused with. It is the same function for the life of the component.
   */
  readonly run: (...args: A) => Promise<EnsureResult<T>>;
  readonly isPending: boolean;
  /** How the last run ended, if it did not reject. */
  readonly done: EnsureResult<T> | null;
  /** What the last run rejected with. */
  readonly error: unknown;
  /** Forgets how the last run ended. It does not stop one that is under way. */
  readonly reset: () => void;
}

interface State<T> {
  readonly isPending: boolean;
  readonly done: EnsureResult<T> | null;
  readonly error: unknown;
}

/**
 * Wraps an action for which the user may have to prove that it is them: `ensure` of `@stepup-auth/client`, with its state. The action
 * gets the context of `ensure`, then whatever `run` was given; the last drawing's action is the one that runs.
 *
 * @throws NoClientError outside of a provider.
 * @example
 * ```tsx
 * import { useStepUp, useStepUpClient } from '@stepup-auth/react';
 *
 * export const Pay = () => {
 *   const client = useStepUpClient();
 *   const pay = useStepUp(
 *     ({ token }, amount: number) =>
 *       fetch('/transfers', {
 *         method: 'POST',
 *         redirect: 'error',
 *         headers: { Authorization: `Bearer ${client.token}`, 'Elevated-Access-Token': token() ?? '' },
 *         body: JSON.stringify({ amount }),
 *       }),
 *     { scope: 'transfer:create' },
 *   );
 *   return (
 *     <button disabled={pay.isPending} onClick={() => void pay.run(100).catch(() => {})}>
 *       {pay.done && 'result' in pay.done ? 'Paid' : 'Pay'}
 *     </button>
 *   );
 * };
 * ```
 */
export const useStepUp = <A extends readonly unknown[], T>(
  action: (context: EnsureContext, ...args: A) => T | Promise<T>,
  { scope }: UseStepUpOptions,
): StepUpAction<A, T> => {
  const client = useStepUpClient();
  const latest = useLatest({ action, scope, client });
  const turn = useRef(0);
  const [state, setState] = useState<State<T>>(idle);
  const run = useCallback(
    async (...args: A): Promise<EnsureResult<T>> => {
      const mine = (turn.current += 1);
      const end = (how: Partial<State<T>>): void => {
        if (turn.current === mine) setState({ ...idle, ...how });
      };
      setState({ ...idle, isPending: true });
      try {
        const now = latest.current;
        const done = await ensure(now.scope, (context) => latest.current.action(context, ...args), now.client);
        end({ done });
        return done;
      } catch (error) {
        end({ error });
        throw error;
      }
    },
    [latest],
  );
  const reset = useCallback(() => {
    turn.current += 1;
    setState(idle);
  }, []);
  return useMemo(() => ({ run, reset, ...state }), [run, reset, state]);
};

const idle = { isPending: false, done: null, error: null } as const;
