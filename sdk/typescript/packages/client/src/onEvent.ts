import { coreOf, type StepUpClient } from './internal/client.js';
import type { Event, StepUpEvents } from './internal/events.js';

/**
 * Listens to a client, and answers what ends it.
 *
 * @throws NoClientError without a client.
 * @example
 * ```ts
 * import { onEvent } from '@stepup-auth/client';
 *
 * const stop = onEvent({ event: 'signedOut', listener: ({ reason }) => console.log('signed out:', reason) });
 * stop();
 * ```
 */
export const onEvent = <E extends Event>(
  { event, listener }: { event: E; listener: (payload: StepUpEvents[E]) => void },
  client?: StepUpClient,
): (() => void) => coreOf(client).events.on(event, listener);
