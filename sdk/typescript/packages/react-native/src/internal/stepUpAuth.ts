import type { StepUpClient } from '@stepup-auth/client';
import { idle, type StepUpAuthenticationState, type StepUpCalls, stepUpCallsOf, tracked } from '@stepup-auth/react/calls';

export interface StepUpAuthModule extends StepUpCalls {
  /** Whether something is under way, what the last call rejected with, and the code that was sent last. A new object with each change. */
  readonly state: StepUpAuthenticationState;
  /** Forgets what {@link state} says: call it when the user goes elsewhere. */
  resetState(): void;
  /** Is told when {@link state} changes, until what is answered is called. */
  onStateChanged(listener: (state: StepUpAuthenticationState) => void): () => void;
}

export const stepUpAuthOf = (client: StepUpClient): StepUpAuthModule => {
  let state = idle;
  let turn = 0;
  const listeners = new Set<(state: StepUpAuthenticationState) => void>();
  const become = (next: StepUpAuthenticationState): void => {
    state = next;
    for (const listener of [...listeners]) listener(next);
  };
  const begin = () => {
    const mine = (turn += 1);
    return (change: Partial<StepUpAuthenticationState>): void => {
      if (turn === mine) become({ ...state, ...change });
    };
  };
  return {
    ...tracked(stepUpCallsOf(client), begin),
    get state() {
      return state;
    },
    resetState: () => {
      turn += 1;
      become(idle);
    },
    onStateChanged: (listener) => {
      listeners.add(listener);
      return () => {
        listeners.delete(listener);
      };
    },
  };
};
