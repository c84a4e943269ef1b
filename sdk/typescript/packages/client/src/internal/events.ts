import type { SdkUser } from '@stepup-auth/core';

export interface StepUpEvents {
  /** Somebody signed in, out, or changed. */
  userChanged: { user: SdkUser | null };
  /** The session is over: `user-intent`, `session-ended`, `user-deleted`, `another-tab`. */
  signedOut: { reason: string };
}

export type Event = keyof StepUpEvents;

/** Listeners of one client. One that throws keeps nobody else from hearing. */
export class Events {
  readonly #listeners = new Map<Event, Set<(payload: never) => void>>();

  on<E extends Event>(event: E, listener: (payload: StepUpEvents[E]) => void): () => void {
    const all = this.#listeners.get(event) ?? new Set();
    this.#listeners.set(event, all.add(listener));
    return () => {
      all.delete(listener);
    };
  }

  emit<E extends Event>(event: E, payload: StepUpEvents[E]): void {
    for (const listener of this.#listeners.get(event) ?? []) {
      try {
        (listener as (payload: StepUpEvents[E]) => void)(payload);
      } catch (error) {
        reportError(error);
      }
    }
  }
}

/** As an exception of an event listener of the page would be. */
const reportError = (error: unknown): void => {
  setTimeout(() => {
    throw error;
  });
};
