import { createStepUpClient, type StepUpClient } from '@stepup-auth/client';

export const serverUrl: string = import.meta.env.VITE_STEPUP_URL ?? 'http://localhost:8080';

/** The two environments of a development server: the same app at either version of the API. */
export const environments = {
  '2026_04_01': { id: '11111111-2222-4333-8444-555555555555', name: 'Step-up', hint: 'Each action that matters asks for a proof of its own.' },
  '2026_01_01': { id: '11111111-2222-4333-8444-666666666666', name: 'Action-based MFA', hint: 'How it was before: one token for whatever is on.' },
} as const;

export type Version = keyof typeof environments;

const stored = 'kite.version';

export const storedVersion = (): Version => (localStorage.getItem(stored) === '2026_01_01' ? '2026_01_01' : '2026_04_01');

export const storeVersion = (version: Version): void => localStorage.setItem(stored, version);

const clients = new Map<Version, StepUpClient>();

/** The client of a version. Clients are made once, outside of components. */
export const clientOf = (version: Version): StepUpClient => {
  const made = clients.get(version) ?? createStepUpClient({ environmentId: environments[version].id, apiBaseUrl: serverUrl, storage: localStorage });
  clients.set(version, made);
  return made;
};
