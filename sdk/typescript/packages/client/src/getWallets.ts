import { type EmbeddedWallet, EmbeddedWalletFromJSON } from '@stepup-auth/core';
import { call } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { readList } from './internal/json.js';

/**
 * The wallets that the service keeps for the user.
 *
 * @throws UserNotAuthenticatedError if nobody is signed in, APIError `wallet_service_off`.
 * @example
 * ```ts
 * import { getWallets } from '@stepup-auth/client';
 *
 * console.log((await getWallets()).map(({ address }) => address));
 * ```
 */
export const getWallets = async (client?: StepUpClient): Promise<EmbeddedWallet[]> =>
  readList(EmbeddedWalletFromJSON, await call(client, { method: 'GET', path: '/waas', repeat: true }), 'wallets');
