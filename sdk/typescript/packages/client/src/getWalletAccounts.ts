import type { JwtVerifiedCredential } from '@stepup-auth/core';
import { clientOrDefault, type StepUpClient } from './internal/client.js';

/**
 * The wallets that are linked, the one that was chosen last first, as far as the client knows without asking.
 *
 * @throws NoClientError without a client.
 * @example
 * ```ts
 * import { getWalletAccounts } from '@stepup-auth/client';
 *
 * const [primary] = getWalletAccounts();
 * console.log(primary?.address);
 * ```
 */
export const getWalletAccounts = (client?: StepUpClient): JwtVerifiedCredential[] =>
  (clientOrDefault(client).user?.verifiedCredentials ?? [])
    .filter(({ format }) => format === 'blockchain')
    .sort((a, b) => (b.lastSelectedAt?.getTime() ?? 0) - (a.lastSelectedAt?.getTime() ?? 0));
