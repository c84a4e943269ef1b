import { InvalidParamError } from '../errors/InvalidParamError.js';
import type { DeviceKeyAdapter } from './deviceKey.js';
import type { PasskeyAdapter } from './passkey.js';
import type { OpenPopup } from './popup.js';
import type { ShowKey } from './showKey.js';
import { memoryStorage, type StepUpStorage } from './storage.js';

export interface StepUpClientOptions {
  /** The environment's id, a UUID. */
  environmentId: string;
  /** Where the server is: its public URL, with or without `/api/v0`. HTTPS, or HTTP on loopback. */
  apiBaseUrl: string;
  /**
   * Where session and tokens are kept; by default in memory, so that they are gone with the page. `localStorage` keeps them over
   * reloads and shares them between tabs, and with every script of the page.
   */
  storage?: StepUpStorage;
  /**
   * Whether tokens that a proof has earned, elevated ones and those of action-based MFA, are kept in {@link storage} beside the session;
   * by default they are. With false they stay in memory: a reload forgets them, and no other tab uses them.
   */
  storeTokens?: boolean;
  /** Where a login by redirect is remembered while the browser is away; by default `sessionStorage`, else {@link storage}. */
  redirectStorage?: StepUpStorage;
  /** In place of the platform's `fetch`. */
  fetch?: typeof globalThis.fetch;
  /** In place of the browser's passkeys, for React Native and for tests. */
  passkey?: PasskeyAdapter;
  /**
   * What this device is known by, where the environment registers devices and the session is no cookie; by default a key that never
   * leaves the browser (IndexedDB), outside of browsers one that is gone with the process.
   */
  deviceKey?: DeviceKeyAdapter;
  /** In place of `location.assign`. */
  navigate?: (url: string) => void | Promise<void>;
  /** In place of `window.open`. */
  openPopup?: OpenPopup;
  /** In place of the frame over the page: shows a wallet's private key where the app cannot read it, for React Native. */
  showKey?: ShowKey;
  /** The page's origin, for wallets to sign; by default `location.origin`. */
  origin?: string;
  /** After how many milliseconds a request is given up; 30 000 by default. */
  timeoutMs?: number;
  /** In place of `Date.now`, or of the page's own clock where that one is set back. */
  now?: () => number;
}

export interface Config {
  readonly environmentId: string;
  readonly apiBaseUrl: string;
  /** Base of the environment, and the issuer of its tokens. */
  readonly issuer: string;
  readonly storage: StepUpStorage;
  /** Whether other tabs have the storage too. */
  readonly shared: boolean;
  /** Whether the session is gone once the page sends the browser elsewhere, unless it is a cookie. */
  readonly forgets: boolean;
  readonly storeTokens: boolean;
  readonly redirectStorage: StepUpStorage;
  readonly fetch: typeof globalThis.fetch;
  readonly passkey: PasskeyAdapter | undefined;
  readonly deviceKey: DeviceKeyAdapter | undefined;
  readonly navigate: (url: string) => void | Promise<void>;
  readonly openPopup: OpenPopup | undefined;
  readonly showKey: ShowKey | undefined;
  readonly origin: string | undefined;
  readonly timeoutMs: number;
  readonly now: () => number;
}

const uuid = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;
const loopback = /^http:\/\/(localhost|127(\.\d{1,3}){3}|\[::1\])(:\d{1,5})?(\/|$)/;
const address = /^https?:\/\/[^\s/?#@\\]+(\/[^\s?#@\\]*)?$/;

/** Judges the options once, so that nothing else has to. */
export const configOf = (options: StepUpClientOptions): Config => {
  const environmentId = String(options?.environmentId ?? '').toLowerCase();
  if (!uuid.test(environmentId)) throw new InvalidParamError('environmentId must be the UUID of an environment.');
  const given = String(options.apiBaseUrl ?? '').replace(/\/+$/, '');
  if (!address.test(given) || /\/\.{1,2}(\/|$)/.test(given)) {
    throw new InvalidParamError('apiBaseUrl must be the address of the server, such as https://auth.example.com.');
  }
  if (!given.startsWith('https://') && !loopback.test(given)) {
    throw new InvalidParamError('apiBaseUrl must begin with https://, unless the server is on this machine.');
  }
  const apiBaseUrl = given.endsWith('/api/v0') ? given : `${given}/api/v0`;
  const storage = options.storage ?? memoryStorage();
  const page = globalThis as { sessionStorage?: StepUpStorage; location?: { origin?: string; assign(url: string): void } };
  return {
    environmentId,
    apiBaseUrl,
    issuer: `${apiBaseUrl}/sdk/${environmentId}`,
    storage,
    shared: options.storage !== undefined && options.storage !== sessionStorageOf(page), // which each tab has for itself
    forgets: !options.storage && !options.navigate && page.location !== undefined,
    storeTokens: options.storeTokens ?? true,
    redirectStorage: options.redirectStorage ?? sessionStorageOf(page) ?? storage,
    fetch: options.fetch ?? ((...args) => globalThis.fetch(...args)),
    passkey: options.passkey,
    deviceKey: options.deviceKey,
    navigate: options.navigate ?? ((url) => navigateTo(page, url)),
    openPopup: options.openPopup,
    showKey: options.showKey,
    origin: options.origin ?? page.location?.origin,
    timeoutMs: options.timeoutMs ?? 30_000,
    now: options.now ?? clockOf(globalThis.performance),
  };
};

/**
 * A clock that is set back while the page is open goes on as before: it only has to measure how long things live. Hermes does not say when
 * its own began, so there it begins with the client.
 */
const clockOf = (performance: Partial<Performance> | undefined): (() => number) => {
  if (typeof performance?.now !== 'function') return Date.now;
  const passed = performance.now.bind(performance);
  const began = performance.timeOrigin ?? Date.now() - passed();
  return () => Math.max(Date.now(), began + passed());
};

/** Pages in a sandbox throw where they ask for their storage. */
const sessionStorageOf = (page: { sessionStorage?: StepUpStorage }): StepUpStorage | undefined => {
  try {
    return page.sessionStorage;
  } catch {
    return undefined;
  }
};

const navigateTo = (page: { location?: { assign(url: string): void } }, url: string): void => {
  if (!page.location) throw new InvalidParamError('There is no browser here: give createStepUpClient a `navigate`.');
  page.location.assign(url);
};
