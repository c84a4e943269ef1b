import type { SdkUser } from '@stepup-auth/core';

export interface StepUpEvents {
  /** Somebody signed in, out, or changed. */
  userChanged: { user: SdkUser | null };
  /** The session is over: `user-intent`, `session-ended`, `user-deleted`, `another-tab`, `device-revoked`, `all-devices-revoked`. */
  signedOut: { reason: string };
  /** This device was registered by the link in the mail, here. */
  deviceRegistrationCompleted: { user: SdkUser | null };
  /** The same, by another tab: nothing is left to do in this one. */
  deviceRegistrationCompletedInAnotherTab: { user: SdkUser | null };
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
