'use client';
import type { StepUpClient } from '@stepup-auth/client';
import { createDynamicClient, type DynamicClientConfig } from '@stepup-auth/client/compat';
import { createElement, type FunctionComponent, type ReactNode, useState } from 'react';
import { StepUpProvider, type StepUpProviderProps } from './StepUpProvider.js';

/** The settings of the published provider, as far as they mean something here; what else they hold is not looked at. */
export interface DynamicSettings {
  environmentId: string;
  /** Where the server is; `coreConfig.apiBaseUrl` says the same. */
  apiBaseUrl?: string;
  coreConfig?: Partial<DynamicClientConfig['coreConfig']>;
  [more: string]: unknown;
}

export interface DynamicContextProviderProps {
  /** The first drawing's count. */
  settings: DynamicSettings;
  /** Ours: what the hooks ask the user with, as `StepUpProvider` takes it. */
  prompt?: StepUpProviderProps['prompt'];
  children?: ReactNode;
}

/**
 * A `StepUpProvider` that makes its client of the published provider's settings: one for each environment and server, however often
 * it is mounted.
 *
 * @throws InvalidParamError if the settings name no environment, or no server.
 * @example
 * ```tsx
 * import { DynamicContextProvider } from '@stepup-auth/react/compat';
 *
 * export const App = () => (
 *   <DynamicContextProvider settings={{ environmentId: '11111111-2222-4333-8444-555555555555', apiBaseUrl: 'http://127.0.0.1:8080/api/v0' }}>
 *     Hello
 *   </DynamicContextProvider>
 * );
 * ```
 */
export const DynamicContextProvider: FunctionComponent<DynamicContextProviderProps> = ({ settings, prompt, children }) => {
  const [client] = useState(() => clientFor(settings));
  return createElement(StepUpProvider, { client, prompt }, children);
};

const clients = new Map<string, StepUpClient>();

/** Drawing twice, as StrictMode does, must not make two clients; on a server nothing is kept from one request for the next. */
const clientFor = ({ environmentId, apiBaseUrl, coreConfig }: DynamicSettings): StepUpClient => {
  const base = coreConfig?.apiBaseUrl ?? apiBaseUrl ?? '';
  const make = (): StepUpClient => createDynamicClient({ environmentId, coreConfig: { ...coreConfig, apiBaseUrl: base } });
  if (typeof window === 'undefined') return make();
  const key = `${environmentId} ${base}`;
  const client = clients.get(key) ?? make();
  clients.set(key, client);
  return client;
};
