import { APIError } from '../errors/APIError.js';
import { InvalidResponseError } from '../errors/InvalidResponseError.js';
import { NetworkError } from '../errors/NetworkError.js';
import { SessionEndedError } from '../errors/SessionEndedError.js';
import { StepUpError } from '../errors/StepUpError.js';
import { attach, type Gate, settle } from './attach.js';
import { bodyOf } from './body.js';
import type { Core } from './core.js';
import { deviceHeaders } from './device.js';
import { parseJSON, textOf } from './json.js';
import { refusalOf } from './refusal.js';
import { usesCookies } from './settings.js';
import type { Session } from './state.js';
import { sdkVersion } from './version.js';

export interface Call {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** Below the environment; made with `path` where anything is filled in. */
  readonly path: string;
  readonly query?: Readonly<Record<string, string | undefined>>;
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  /** The session it is made in, each try of it, and no other; null where there is none but a cookie, `none` for what wants none. */
  readonly session: Session | null | 'none';
  readonly gate?: Gate;
  /** It changes nothing, or has an operation id: it may be sent again. */
  readonly repeat?: boolean;
}

const tries = 3;

/**
 * Makes one call of the API: to the configured server and nowhere else, with the session and the token its gate wants, within the
 * time and size that answers have. Throws a {@link StepUpError} for whatever is no 2xx.
 */
export const send = async (core: Core, call: Call): Promise<unknown> => {
  const session = sessionOf(core, call);
  const attached = attach(core, call.gate);
  try {
    const answer = await repeated(core, call, attached ? { [attached.header]: attached.token } : {});
    await settle(core, attached, { accepted: true });
    return answer;
  } catch (error) {
    await settle(core, attached, { error, sessionId: session?.sessionId });
    throw error;
  }
};

/** The session of a call with its newest token; throws when it is over. */
const sessionOf = (core: Core, { session }: Call): Session | null => (session && session !== 'none' ? core.still(session) : null);

const repeated = async (core: Core, call: Call, headers: Record<string, string>): Promise<unknown> => {
  for (let n = 1; ; n += 1) {
    try {
      return await once(core, call, headers);
    } catch (error) {
      if (error instanceof APIError && error.code === 'device_signature_required' && !core.signs) {
        core.signs = true;
        continue;
      }
      const wait = n < tries && call.repeat ? pause(error, n) : undefined;
      if (wait === undefined) throw error;
      await new Promise((resolve) => setTimeout(resolve, wait));
    }
  }
};

/** How many milliseconds to wait before the next try, if it can help. */
const pause = (error: unknown, n: number): number | undefined => {
  if (error instanceof NetworkError || isCut(error)) return 200 * 2 ** n;
  if (!(error instanceof APIError) || !away.has(error.status ?? 0)) return undefined;
  const wait = error.retryAfterSeconds ?? 0.4 * n;
  return wait <= 5 ? wait * 1000 : undefined;
};

/** What servers, and proxies before them, answer when the request may never have been heard. */
const away = new Set([502, 503, 504]);

/** JSON that ends too early, as if that were all. */
const isCut = (error: unknown): boolean => error instanceof InvalidResponseError && error.cause instanceof SyntaxError;

const once = async (core: Core, call: Call, headers: Record<string, string>): Promise<unknown> => {
  const session = sessionOf(core, call);
  const { response, text } = await exchange(core, call, {
    accept: 'application/json',
    'x-dyn-version': sdkVersion,
    ...(call.body === undefined ? {} : { 'content-type': 'application/json' }),
    ...(session?.token ? { authorization: `Bearer ${session.token}` } : {}),
    ...(session && !session.token ? { 'x-stepup-session-id': session.sessionId } : {}), // which of them the cookie should be
    ...(await deviceHeaders(core, `${call.method} ${call.path}`, () => nonceOf(core))),
    ...call.headers,
    ...headers,
  });
  const json = text === '' ? undefined : readable(response) ? parseJSON(text) : undefined;
  if (response.ok) {
    if (text !== '' && json === undefined) throw new InvalidResponseError('The answer is no JSON: does apiBaseUrl name a stepup server?');
    return json;
  }
  if (textOf(json, 'code') === undefined && response.status < 500) { // a proxy, or the login page of a network
    throw new InvalidResponseError(`The server answered ${response.status} and did not say why: does apiBaseUrl name a stepup server?`);
  }
  const refusal = refusalOf(response.status, response.headers, json);
  const isOthers = refusal.code === 'another_session';
  if ((response.status !== 401 && !isOthers) || call.session === 'none') throw refusal;
  if (session) await core.forget(session.sessionId, isOthers ? 'another-tab' : 'session-ended');
  throw new SessionEndedError(refusal.message, refusal);
};

const nonceOf = async (core: Core): Promise<string> => {
  const nonce = textOf(await send(core, { method: 'GET', path: '/nonce', session: 'none', repeat: true }), 'nonce');
  if (nonce === undefined) throw new InvalidResponseError('The server sent no nonce.');
  return nonce;
};

const readable = (response: Response): boolean => /^application\/(\w+\+)?json\b/.test(response.headers.get('content-type') ?? '');

const exchange = async (core: Core, call: Call, headers: Record<string, string>): Promise<{ response: Response; text: string }> => {
  const { config } = core;
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(call.query ?? {})) if (value !== undefined) query.set(name, value);
  const address = config.issuer + call.path + (`${query}` ? `?${query}` : '');
  const given = new AbortController();
  const timer = setTimeout(() => given.abort(), config.timeoutMs);
  try {
    const response = await config.fetch(address, {
      method: call.method,
      headers,
      ...(call.body === undefined ? {} : { body: JSON.stringify(call.body) }),
      signal: given.signal,
      redirect: 'manual', // a token follows nobody
      cache: 'no-store',
      credentials: usesCookies(core.settings) && call.path !== '/settings' ? 'include' : 'omit',
      referrerPolicy: 'no-referrer',
    });
    if (response.redirected || response.type === 'opaqueredirect' || (response.status >= 300 && response.status < 400)) {
      throw new InvalidResponseError('The server sent the request elsewhere, which no route of the API does.');
    }
    const date = Date.parse(response.headers.get('date') ?? '');
    if (Number.isFinite(date)) core.serverAhead = date - config.now();
    return { response, text: await bodyOf(response) };
  } catch (cause) {
    if (cause instanceof StepUpError) throw cause;
    const { apiBaseUrl } = config;
    throw new NetworkError(given.signal.aborted ? `The server did not answer in time at ${apiBaseUrl}.` : unreachable(apiBaseUrl), cause);
  } finally {
    clearTimeout(timer);
  }
};


/** A page cannot tell a server that is down from one that does not list the page's origin: browsers keep that answer to themselves. */
const unreachable = (apiBaseUrl: string): string => {
  const { origin } = (globalThis as { location?: { origin?: string } }).location ?? {};
  const foreign = origin !== undefined && origin !== new URL(apiBaseUrl).origin;
  return `The server could not be reached at ${apiBaseUrl}${foreign ? `, or this page's origin is not among the environment's origins: ${origin}` : ''}.`;
};
