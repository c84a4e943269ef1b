'use client';
import type { StepUpWallet } from './internal/wallet.js';
import { useWallets } from './useWallets.js';

/**
 * The first active wallet that the service keeps for the user; null while there is none, or it is not known yet.
 *
 * @throws NoClientError outside of a provider.
 * @example
 * ```tsx
 * import { usePrimaryWallet, useStepUp } from '@stepup-auth/react';
 *
 * export const Agree = () => {
 *   const primaryWallet = usePrimaryWallet();
 *   const agree = useStepUp(() => primaryWallet?.signMessage('I agree'), { scope: 'wallet:sign' });
 *   return <button disabled={!primaryWallet} onClick={() => void agree.run()}>I agree</button>;
 * };
 * ```
 */
export const usePrimaryWallet = (): StepUpWallet | null => useWallets().wallets.find(({ details }) => details.state === 'active') ?? null;
