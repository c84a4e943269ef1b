'use client';
import {
  type BuiltInPromptOptions,
  initializeClient,
  onEvent,
  registerStepUpPrompt,
  type StepUpClient,
  type StepUpPrompt,
} from '@stepup-auth/client';
import { createElement, type FunctionComponent, type ReactNode, useCallback, useEffect, useMemo, useState, useSyncExternalStore } from 'react';
import { ClientContext, type Session, SessionContext } from './internal/context.js';
import { DeviceRegistration } from './internal/deviceRegistration.js';
import { useLatest } from './internal/useLatest.js';

export interface StepUpProviderProps {
  /** Of `createStepUpClient`, made outside of components. */
  client: StepUpClient;
  /**
   * What `promptStepUpAuth`, `ensure` and the hooks over them ask the user with, while the provider is mounted: by default the built-in
   * prompt, with options if they are given; a function of your own in its place; or `false` for none.
   */
  prompt?: StepUpPrompt | BuiltInPromptOptions | false | undefined;
  /**
   * Where the environment registers devices, a dialog tells whoever signs in on an unknown one to look into their mail; `enabled: false`
   * leaves that to the app. The link is finished in either case, by the page that it leads to.
   */
  deviceRegistrationModal?: { readonly enabled: boolean } | undefined;
  children?: ReactNode;
}

/**
 * Gives all hooks below it a client, and loads its session once mounted. Drawn on a server it asks nothing and knows nobody, whatever
 * client it is given, so that no user's page is made of another's session.
 *
 * @throws NoClientError if what is given as client is none.
 * @example
 * ```tsx
 * import { createStepUpClient } from '@stepup-auth/client';
 * import { StepUpProvider } from '@stepup-auth/react';
 *
 * const client = createStepUpClient({ environmentId: '11111111-2222-4333-8444-555555555555', apiBaseUrl: 'http://127.0.0.1:8080' });
 *
 * export const App = () => <StepUpProvider client={client}>Hello</StepUpProvider>;
 * ```
 */
export const StepUpProvider: FunctionComponent<StepUpProviderProps> = ({ client, prompt, deviceRegistrationModal, children }) => {
  const [loaded, setLoaded] = useState<{ client: StepUpClient; error?: unknown } | null>(null);
  const subscribe = useCallback((changed: () => void) => onEvent({ event: 'userChanged', listener: changed }, client), [client]);
  const user = useSyncExternalStore(subscribe, () => client.user, () => null);

  useEffect(() => {
    let mounted = true;
    const done = (how: { error?: unknown }): void => {
      if (mounted) setLoaded({ client, ...how });
    };
    initializeClient(client).then(
      () => done({}),
      (error: unknown) => done({ error }),
    );
    return () => {
      mounted = false;
    };
  }, [client]);

  useEffect(() => {
    if (user) setLoaded((before) => (before?.client === client && !('error' in before) ? before : { client })); // what failed is past
  }, [client, user]);

  const own = typeof prompt === 'function';
  const latest = useLatest(own ? prompt : undefined);
  const builtIn = own ? undefined : prompt;
  useEffect(() => {
    if (own) return registerStepUpPrompt({ prompt: (request) => latest.current!(request) }, client);
    return builtIn === undefined ? undefined : registerStepUpPrompt({ prompt: builtIn }, client);
  }, [client, latest, own, builtIn]);

  const known = loaded?.client === client ? loaded : null;
  const session = useMemo((): Session => {
    if (user) return { status: 'signedIn', user, error: null };
    if (!known) return { status: 'loading', user: null, error: null };
    return 'error' in known ? { status: 'failed', user: null, error: known.error } : { status: 'signedOut', user: null, error: null };
  }, [user, known]);
  return createElement(ClientContext.Provider, { value: client }, createElement(
    SessionContext.Provider,
    { value: session },
    children,
    createElement(DeviceRegistration, { client, modal: deviceRegistrationModal?.enabled ?? true }),
  ));
};
