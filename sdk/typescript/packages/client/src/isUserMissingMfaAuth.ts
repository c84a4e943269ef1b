import { clientOrDefault, type StepUpClient } from './internal/client.js';

/**
 * Whether the session still owes a second factor, as far as the client knows without asking.
 *
 * @throws NoClientError without a client.
 * @example
 * ```ts
 * import { isUserMissingMfaAuth } from '@stepup-auth/client';
 *
 * if (isUserMissingMfaAuth()) console.log('ask for a code');
 * ```
 */
export const isUserMissingMfaAuth = (client?: StepUpClient): boolean =>
  (clientOrDefault(client).user?.scope ?? '').split(' ').includes('requiresAdditionalAuth');
