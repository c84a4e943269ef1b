import { getDefaultClient, registerStepUpPrompt, type StepUpClient } from '@stepup-auth/client';
import type { FoundWallet } from '@stepup-auth/client/prompt/headless';
import { type ReactNode, useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { Asks } from './asks.js';
import { KeyPage } from './KeyPage.js';
import type { WebViewKeys } from './keys.js';
import { type Looks, Shown, useColors, useReducedMotion } from './Shown.js';

export interface StepUpPromptsProps extends Looks {
  /** Whose prompts are shown; by default the client that was created last. */
  client?: StepUpClient;
  /** What may be enrolled in it, where the environment has it; by default everything, `false` for nothing. */
  enrol?: boolean;
  /** Looks for wallets that can sign, for a chain, `EVM` or `SOL`; without it none are found. */
  findWallets?: (chain?: string) => Promise<readonly FoundWallet[]>;
  /** Shows keys of wallets, by `webViewKeys`. */
  keys?: WebViewKeys;
}

/**
 * Shows the prompts of a client over the app: `promptStepUpAuth`, `ensure` and `client.ui.mfa.show` ask with it. Render it once, anywhere in
 * the app. It behaves as the web component does, in the same words.
 *
 * @throws NoClientError, when it is drawn, where there is no client.
 * @example
 * ```tsx
 * import { createClient, TokenScope } from '@stepup-auth/react-native';
 * import { StepUpPrompts } from '@stepup-auth/react-native/prompt';
 * import type { ReactNode } from 'react';
 *
 * const client = createClient({ environmentId: '11111111-2222-4333-8444-555555555555', apiBaseUrl: 'https://auth.example.com' });
 *
 * export const App = ({ children }: { children: ReactNode }) => (
 *   <>
 *     {children}
 *     <StepUpPrompts client={client} />
 *   </>
 * );
 *
 * export const exportKey = async (): Promise<void> => {
 *   await client.stepUpAuth.promptStepUpAuth({ requestedScopes: [TokenScope.Walletexport] });
 *   await client.wallets.primary?.exportWaasPrivateKey();
 * };
 * ```
 */
export const StepUpPrompts = ({ client, enrol = true, findWallets, keys, ...looks }: StepUpPromptsProps): ReactNode => {
  const options = useRef({ enrol, findWallets });
  options.current = { enrol, findWallets };
  const [asks] = useState(() => new Asks(() => options.current));
  const chosen = client ?? getDefaultClient();
  useEffect(() => {
    asks.begin();
    const takeBack = registerStepUpPrompt({ prompt: asks.prompt }, chosen);
    return () => {
      takeBack();
      asks.end();
    };
  }, [asks, chosen]);
  const ask = useSyncExternalStore(asks.subscribe, asks.first, asks.first);
  const colors = useColors(looks);
  const reduced = useReducedMotion();
  return (
    <>
      {ask && reduced !== null && <Shown key={ask.id} ask={ask} reduced={reduced} {...looks} />}
      {keys && <KeyPage keys={keys} colors={colors} />}
    </>
  );
};
