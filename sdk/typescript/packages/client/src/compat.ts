import { createStepUpClient } from './createStepUpClient.js';
import type { StepUpClient } from './internal/client.js';
import type { StepUpClientOptions } from './internal/config.js';
import type { StepUpStorage } from './internal/storage.js';

export * from './index.js';
export { StepUpError as BaseError } from './errors/StepUpError.js';
export type { StepUpClient as DynamicClient } from './internal/client.js';

/** The configuration of the published client, as far as it means something here; what else it holds is not looked at. */
export interface DynamicClientConfig {
  environmentId: string;
  autoInitialize?: boolean;
  metadata?: { name?: string; universalLink?: string; [more: string]: unknown };
  coreConfig: Pick<StepUpClientOptions, 'apiBaseUrl' | 'fetch' | 'passkey' | 'navigate'> & { storageAdapter?: StepUpStorage; [more: string]: unknown };
  [more: string]: unknown;
}

/**
 * Makes a client of the published client's configuration. As there, its state outlives a reload: it is kept in `localStorage`, where
 * there is one.
 *
 * @throws InvalidParamError if `environmentId` is no UUID, or `coreConfig.apiBaseUrl` no HTTPS address (HTTP is taken on loopback).
 * @example
 * ```ts
 * import { createDynamicClient, initializeClient } from '@stepup-auth/client/compat';
 *
 * const client = createDynamicClient({
 *   environmentId: '11111111-2222-4333-8444-555555555555',
 *   coreConfig: { apiBaseUrl: 'https://auth.example.com/api/v0' },
 *   metadata: { name: 'My app', universalLink: 'https://app.example.com' },
 * });
 * await initializeClient(client);
 * ```
 */
export const createDynamicClient = ({ environmentId, coreConfig, metadata }: DynamicClientConfig): StepUpClient => {
  const { apiBaseUrl, fetch, passkey, navigate, storageAdapter } = coreConfig;
  const storage = storageAdapter ?? pageStorage();
  const origin = /^https?:\/\/[^/]+/.exec(metadata?.universalLink ?? '')?.[0];
  return createStepUpClient({
    environmentId,
    apiBaseUrl,
    ...(storage ? { storage } : {}),
    ...(fetch ? { fetch } : {}),
    ...(passkey ? { passkey } : {}),
    ...(navigate ? { navigate } : {}),
    ...(origin ? { origin } : {}),
  });
};

/** Pages in a sandbox throw where they ask for their storage, and Node has none. */
const pageStorage = (): StepUpStorage | undefined => {
  try {
    return (globalThis as { localStorage?: StepUpStorage }).localStorage;
  } catch {
    return undefined;
  }
};
