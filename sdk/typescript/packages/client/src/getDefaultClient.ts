import { clientOrDefault, type StepUpClient } from './internal/client.js';

/**
 * The client that functions use when they are given none: the last one that was created.
 *
 * @throws NoClientError before the first.
 * @example
 * ```ts
 * import { getDefaultClient } from '@stepup-auth/client';
 *
 * console.log(getDefaultClient().user?.email);
 * ```
 */
export const getDefaultClient = (): StepUpClient => clientOrDefault();
