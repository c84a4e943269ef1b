// What may happen to a request on its way: decided by a seed, the same each time it is run.
import { createHash } from 'node:crypto';
import { setTimeout as inReality } from 'node:timers/promises';

/** The client's own timer of a request, which never runs out by itself: a fault makes it run out. */
export const timeoutMs = 59_999;
const patience = new WeakMap();

/** Waits of seconds take a hundredth of their time, longer ones are those of tests; and a request times out when a fault says so. */
export const hurry = () => {
  const { setTimeout } = globalThis;
  let latest;
  globalThis.setTimeout = (run, ms, ...rest) => {
    if (ms !== timeoutMs) return setTimeout(run, ms < 10_000 ? ms / 100 : ms, ...rest);
    latest = run;
    return {};
  };
  return {
    /** Called where the client calls fetch: the timer it has just set is the one of this request. */
    takeTimer: (signal) => patience.set(signal, latest),
    restore: () => { globalThis.setTimeout = setTimeout; },
  };
};

const answer = (status, body, headers = {}) => new Response(body, { status, headers: { 'content-type': 'application/json', ...headers } });
const refusal = (status, code, headers) => answer(status, JSON.stringify({ error: 'It did not work.', code, requestId: 'R' }), headers);
const page = (status) => answer(status, '<!doctype html><title>Sign in to the network</title>', { 'content-type': 'text/html' });
const gone = () => new TypeError('fetch failed');

/** The body breaks off after a half, with an error or as if that were all. */
const half = async (response, breaks) => {
  const bytes = new Uint8Array(await response.arrayBuffer());
  const body = new ReadableStream({
    start: (controller) => {
      controller.enqueue(bytes.subarray(0, bytes.length >> 1));
      if (breaks) controller.error(new TypeError('terminated'));
      else controller.close();
    },
  });
  return new Response(body, { status: response.status, headers: { 'content-type': 'application/json' } });
};

/** Each takes the request to the server or not, and says what the client gets. */
export const faults = {
  offline: async () => { throw gone(); },
  'the network wants a login': async () => page(200),
  'a proxy that wants a login': async () => page(401),
  'a proxy that has lost the server': async () => page(502),
  'a server error': async () => refusal(500, 'internal_error'),
  'away, back at once': async () => refusal(503, 'temporarily_unavailable', { 'retry-after': '0' }),
  'away, nobody knows until when': async () => refusal(503, 'temporarily_unavailable'),
  'away for an hour': async () => refusal(503, 'temporarily_unavailable', { 'retry-after': '3600' }),
  'away until a date': async () => refusal(503, 'temporarily_unavailable', { 'retry-after': 'Wed, 21 Oct 2026 07:28:00 GMT' }),
  'never answered': ({ signal }) => new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new DOMException('aborted', 'AbortError')));
    patience.get(signal)();
  }),
  'done, and the answer is lost': async ({ go }) => { await go(); throw gone(); },
  'done, and answered with an error': async ({ go }) => { await go(); return refusal(500, 'internal_error'); },
  'done, and a proxy lost patience': async ({ go }) => { await go(); return page(504); },
  'done, and the outcome is unknown': async ({ go }) => { await go(); return refusal(503, 'outcome_unknown', { 'retry-after': '0' }); },
  'done, and answered too late': async ({ go, signal }) => { await go(); return faults['never answered']({ signal }); },
  'done, and the answer breaks off': async ({ go }) => half(await go(), true),
  'done, and half an answer': async ({ go }) => half(await go(), false),
  'asked twice by a proxy': async ({ go, again }) => { const first = await go(); await again(); return first; },
};

/** Numbers from 0 up to 1, each named by what it is for: the order of requests that run at once does not matter. */
export const chance = (...of) => createHash('sha256').update(JSON.stringify(of)).digest().readUInt32BE() / 2 ** 32;
export const pick = (list, ...of) => list[Math.floor(chance(...of) * list.length)];

/**
 * The way to a server. `log` has all requests as the client made them: what it carried, whether it came to the server, and what the
 * server said then; `likely` is how often something happens to one.
 */
export const wayTo = ({ seed, timers, likely = 0.35 }) => {
  const way = { log: [], step: 0, likely, calm: false, only: undefined, before: undefined };
  const counts = new Map();
  way.through = async (fetch, url, init) => {
    timers.takeTimer(init.signal);
    const path = new URL(url).pathname.replace(/^.*\/sdk\/[0-9a-f-]{36}/, '');
    const what = `${init.method} ${path}`;
    const place = `${way.step} ${what}`;
    const n = counts.get(place) ?? 0;
    counts.set(place, n + 1);
    const entry = {
      step: way.step, method: init.method, path, what, fault: undefined, reached: 0, statuses: [], answers: [],
      key: init.headers['x-idempotency-key'],
      token: init.headers['x-dyn-elevated-access-token'], mfaToken: init.headers['x-mfa-auth-token'], session: init.headers.authorization,
    };
    way.log.push(entry);
    const send = async (rest = {}) => {
      entry.reached += 1;
      const response = await fetch(url, { ...init, signal: undefined, ...rest });
      const text = await response.text();
      entry.statuses.push(response.status);
      entry.answers.push(text ? JSON.parse(text) : undefined);
      return new Response(response.status === 204 ? null : text, { status: response.status, headers: response.headers });
    };
    await way.before?.(entry);
    // a proxy may ask again by itself only what cannot do it twice
    const kinds = Object.keys(faults).filter((name) => name !== 'asked twice by a proxy' || entry.key || init.method === 'GET');
    const happens = !way.calm && (way.only ? true : chance(seed, place, n, 'whether') < way.likely);
    if (happens) entry.fault = way.only ?? pick(kinds, seed, place, n, 'what');
    const go = async () => { const response = await send(); await inReality(chance(seed, place, n, 'wait') * 3); return response; };
    return entry.fault ? faults[entry.fault]({ go, again: () => send(), signal: init.signal }) : go();
  };
  return way;
};
