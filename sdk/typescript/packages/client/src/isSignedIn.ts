import { coreOf, type StepUpClient } from './internal/client.js';

/**
 * Whether a session is held, as far as the client knows without asking.
 *
 * @throws NoClientError without a client.
 * @example
 * ```ts
 * import { isSignedIn } from '@stepup-auth/client';
 *
 * if (!isSignedIn()) console.log('show the sign-in page');
 * ```
 */
export const isSignedIn = (client?: StepUpClient): boolean => coreOf(client).state.session !== null;
