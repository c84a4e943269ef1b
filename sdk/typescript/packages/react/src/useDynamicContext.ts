'use client';
import { logout, type SdkUser } from '@stepup-auth/client';
import { useCallback, useMemo } from 'react';
import type { StepUpWallet } from './internal/wallet.js';
import { usePrimaryWallet } from './usePrimaryWallet.js';
import { useSession } from './useSession.js';
import { useStepUpClient } from './useStepUpClient.js';

export interface DynamicContext {
  readonly user: (SdkUser & { readonly userId: string }) | null;
  readonly primaryWallet: StepUpWallet | null;
  /** Whether it is known if somebody is signed in. */
  readonly sdkHasLoaded: boolean;
  readonly handleLogOut: () => Promise<void>;
}

/**
 * What apps read of the published provider's context: the user, the primary wallet, whether the session is known, and the way out.
 *
 * @throws NoClientError outside of a provider.
 * @example
 * ```tsx
 * import { useDynamicContext } from '@stepup-auth/react/compat';
 *
 * export const Wallet = () => {
 *   const { user, primaryWallet, handleLogOut } = useDynamicContext();
 *   return <button onClick={() => void handleLogOut()}>{user?.email}: {primaryWallet?.address}</button>;
 * };
 * ```
 */
export const useDynamicContext = (): DynamicContext => {
  const client = useStepUpClient();
  const { status, user } = useSession();
  const primaryWallet = usePrimaryWallet();
  const handleLogOut = useCallback(async () => {
    await logout(client);
  }, [client]);
  return useMemo(
    () => ({ user: user && { ...user, userId: user.id }, primaryWallet, sdkHasLoaded: status !== 'loading', handleLogOut }),
    [user, primaryWallet, status, handleLogOut],
  );
};
