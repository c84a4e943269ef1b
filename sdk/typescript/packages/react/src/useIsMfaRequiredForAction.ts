'use client';
import { isMfaRequiredForAction, type MFAAction } from '@stepup-auth/client';
import { useCallback } from 'react';
import { useStepUpClient } from './useStepUpClient.js';

/**
 * Legacy: a function that says whether action-based MFA wants a token for an action. Use `useStepUpAuthentication().isStepUpRequired`.
 *
 * @throws NoClientError outside of a provider.
 * @example
 * ```tsx
 * import { MFAAction, useIsMfaRequiredForAction } from '@stepup-auth/react';
 *
 * export const Ask = () => {
 *   const isMfaRequiredForAction = useIsMfaRequiredForAction();
 *   return <button onClick={async () => console.log(await isMfaRequiredForAction({ mfaAction: MFAAction.WalletWaasExport }))}>Ask</button>;
 * };
 * ```
 */
export const useIsMfaRequiredForAction = (): ((params: { mfaAction: MFAAction }) => Promise<boolean>) => {
  const client = useStepUpClient();
  return useCallback((params) => isMfaRequiredForAction(params, client), [client]);
};
