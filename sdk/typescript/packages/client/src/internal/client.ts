import type { SdkUser } from '@stepup-auth/core';
import { NoClientError } from '../errors/NoClientError.js';
import type { Core } from './core.js';
import type { ProjectSettings } from './settings.js';

/** A client: what `createStepUpClient` answers and every function takes as its last argument. */
export interface StepUpClient {
  readonly environmentId: string;
  readonly apiBaseUrl: string;
  /** The signed-in user. */
  readonly user: SdkUser | null;
  /** The session token, for your own server; null where the session is a cookie. */
  readonly token: string | null;
  /** The token of action-based MFA that is held. */
  readonly mfaToken: string | null;
  readonly projectSettings: ProjectSettings | null;
  readonly initStatus: 'uninitialized' | 'in-progress' | 'finished' | 'failed';
}

const cores = new WeakMap<StepUpClient, Core>();
let latest: StepUpClient | undefined;

/** State is behind a WeakMap, so that a client that is logged or serialised shows no token. */
class Client implements StepUpClient {
  get environmentId(): string {
    return coreOf(this).config.environmentId;
  }
  get apiBaseUrl(): string {
    return coreOf(this).config.apiBaseUrl;
  }
  get user(): SdkUser | null {
    return coreOf(this).user;
  }
  get token(): string | null {
    return coreOf(this).state.session?.token ?? null;
  }
  get mfaToken(): string | null {
    return coreOf(this).state.mfa?.token ?? null;
  }
  get projectSettings(): ProjectSettings | null {
    return coreOf(this).settings;
  }
  get initStatus(): StepUpClient['initStatus'] {
    return coreOf(this).initStatus;
  }
}

/** Makes the client of a core, which is the default from now on. */
export const clientOf = (core: Core): StepUpClient => {
  const client = new Client();
  cores.set(client, core);
  latest = client;
  return client;
};

/** The client that was given, else the last one that was created. */
export const clientOrDefault = (client?: StepUpClient): StepUpClient => {
  const chosen = client ?? latest;
  if (!chosen) throw new NoClientError();
  return chosen;
};

/** What stands behind a client. */
export const coreOf = (client?: StepUpClient): Core => {
  const core = cores.get(clientOrDefault(client));
  if (!core) throw new NoClientError('The last argument is no client of createStepUpClient.');
  return core;
};
