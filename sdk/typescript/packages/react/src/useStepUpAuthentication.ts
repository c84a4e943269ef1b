'use client';
import { useCallback, useMemo, useRef, useState } from 'react';
import { idle, type StepUpAuthenticationState, type StepUpCalls, stepUpCallsOf, tracked } from './internal/stepUpCalls.js';
import { useStepUpClient } from './useStepUpClient.js';

export type { PromptParams, StepUpAuthenticationState } from './internal/stepUpCalls.js';

export interface StepUpAuthentication extends StepUpCalls {
  readonly state: StepUpAuthenticationState;
  /** Forgets what {@link state} says: call it when the user goes elsewhere. */
  resetState(): void;
}

/**
 * Everything about step-up: check, prompt, or ask by yourself. All functions stay the same while the client does, and may be
 * destructured. They reject with a coded error when the proof was not given; the next line never runs without one.
 *
 * @param options `credentialId` is where `sendOtp` sends a code to, when it is not told.
 * @throws NoClientError outside of a provider.
 * @example
 * ```tsx
 * import { TokenScope } from '@stepup-auth/core';
 * import { useStepUpAuthentication } from '@stepup-auth/react';
 *
 * export const Export = ({ code, exportKey }: { code: string; exportKey: () => Promise<void> }) => {
 *   const { isStepUpRequired, verifyTotpMfa } = useStepUpAuthentication();
 *   const onClick = async () => {
 *     if (await isStepUpRequired({ scope: TokenScope.Walletexport })) {
 *       await verifyTotpMfa({ code, requestedScopes: [TokenScope.Walletexport] });
 *     }
 *     await exportKey();
 *   };
 *   return <button onClick={() => void onClick()}>Export</button>;
 * };
 * ```
 */
export const useStepUpAuthentication = ({ credentialId }: { credentialId?: string } = {}): StepUpAuthentication => {
  const client = useStepUpClient();
  const turn = useRef(0);
  const [state, setState] = useState(idle);
  const resetState = useCallback(() => {
    turn.current += 1;
    setState(idle);
  }, []);

  const calls = useMemo(() => {
    const begin = () => {
      const mine = (turn.current += 1);
      return (change: Partial<StepUpAuthenticationState>): void => {
        if (turn.current === mine) setState((before) => ({ ...before, ...change }));
      };
    };
    return tracked(stepUpCallsOf(client, credentialId), begin);
  }, [client, credentialId]);

  return useMemo(() => ({ ...calls, state, resetState }), [calls, state, resetState]);
};
