import { coreOf, type StepUpClient } from './internal/client.js';
import { ready } from './internal/ready.js';

/**
 * Loads what is kept of the session and the environment's settings. Every function does this by itself when it needs to; call it to
 * know at the start of a page whether somebody is signed in.
 *
 * @throws NetworkError, ServerUnavailableError, InvalidResponseError if the server cannot be asked. The next call tries again.
 * @example
 * ```ts
 * import { getDefaultClient, initializeClient } from '@stepup-auth/client';
 *
 * await initializeClient();
 * const signedIn = getDefaultClient().user !== null;
 * ```
 */
export const initializeClient = (client?: StepUpClient): Promise<void> => ready(coreOf(client));
