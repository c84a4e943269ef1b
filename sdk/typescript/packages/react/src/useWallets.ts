'use client';
import type { CreateWalletParams } from '@stepup-auth/client';
import { useEffect, useMemo, useSyncExternalStore } from 'react';
import type { StepUpWallet } from './internal/wallet.js';
import { unknown, walletsOf } from './internal/wallets.js';
import { useSession } from './useSession.js';
import { useStepUpClient } from './useStepUpClient.js';

export interface UseWallets {
  /** Empty until they are known. Each is the same object until something about it changes. */
  readonly wallets: readonly StepUpWallet[];
  readonly isLoading: boolean;
  /** Why they could not be asked for: `wallet_service_off`, for one. */
  readonly error: unknown;
  /** Asks again. */
  readonly reload: () => Promise<readonly StepUpWallet[]>;
  readonly createWallet: (params: CreateWalletParams) => Promise<StepUpWallet>;
}

/**
 * The wallets that the service keeps for the user, asked for once a session, for all components together.
 *
 * @throws NoClientError outside of a provider.
 * @example
 * ```tsx
 * import { useWallets } from '@stepup-auth/react';
 *
 * export const List = () => {
 *   const { wallets, createWallet } = useWallets();
 *   if (wallets.length === 0) return <button onClick={() => void createWallet({ chain: 'EVM' })}>New wallet</button>;
 *   return <ul>{wallets.map(({ id, address }) => <li key={id}>{address}</li>)}</ul>;
 * };
 * ```
 */
export const useWallets = (): UseWallets => {
  const client = useStepUpClient();
  const sessionId = useSession().user?.sessionId;
  const store = walletsOf(client);
  const known = useSyncExternalStore(store.subscribe, () => store.known, () => unknown);
  useEffect(() => {
    if (sessionId !== undefined) store.need(sessionId);
  }, [store, sessionId]);
  return useMemo(() => {
    const mine = sessionId !== undefined && known.sessionId === sessionId ? known : unknown;
    return {
      wallets: mine.wallets,
      isLoading: sessionId !== undefined && !mine.loaded,
      error: mine.error,
      reload: store.reload,
      createWallet: store.create,
    };
  }, [store, known, sessionId]);
};
