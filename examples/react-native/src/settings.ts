import { createClient, type ReactNativeClient } from '@stepup-auth/react-native';
import { platform, serverUrl } from './platform';

/** The two environments of a development server: the same app at either version of the API. */
export const environments = {
  '2026_04_01': { id: '11111111-2222-4333-8444-555555555555', name: 'Step-up' },
  '2026_01_01': { id: '11111111-2222-4333-8444-666666666666', name: 'Action-based MFA' },
} as const;

export type Version = keyof typeof environments;

const clients = new Map<Version, ReactNativeClient>();

/** The client of a version. Clients are made once, outside of components. */
export const clientOf = (version: Version): ReactNativeClient => {
  const made = clients.get(version) ?? createClient({ environmentId: environments[version].id, apiBaseUrl: serverUrl, ...platform });
  clients.set(version, made);
  return made;
};
