import { type Fetch, readAtMost, timeout, why } from './internal/http.js';
import { onlyKey } from './internal/onlyKey.js';
import type { Algorithm, Key, KeySet } from './keys.js';
import { parseJwks } from './parseJwks.js';

export interface RemoteKeySetConfig {
  /** Address of the JWK Set, at most 64 KiB. Redirects to another host are refused. */
  url: string;
  /** How long a fetched set is used, in seconds; else ten minutes. */
  maxAge?: number | undefined;
  /** Else the `fetch` of the platform. */
  fetch?: Fetch | undefined;
  /** The clock, in milliseconds as `Date.now` has it. */
  now?: (() => number) | undefined;
}

const maxLength = 64 * 1024;
const maxRedirects = 3;

// Anybody may send tokens with made-up kids; they must not make us a flood.
const unknownKidInterval = 30_000;
// After a fetch that failed, others wait before they try again.
const failureInterval = 5_000;

/**
 * A key set that is fetched and kept. What was fetched is used for `maxAge` at most, then refused: a key that the issuer has removed is
 * dead by then. A fresh copy is fetched when half of that has passed, so a short outage of the issuer goes unnoticed. An unknown kid
 * causes a fetch of its own, at most one in 30 seconds. Many callers share one fetch.
 *
 * @example
 * ```ts
 * import { createVerifier, remoteKeySet } from '@stepup-auth/server';
 *
 * const issuer = 'https://auth.example.com/api/v0/sdk/11111111-2222-4333-8444-555555555555';
 * createVerifier({ issuer, keys: remoteKeySet({ url: `${issuer}/.well-known/jwks.json`, maxAge: 300 }) });
 * ```
 */
export const remoteKeySet = ({ url, maxAge = 600, fetch = globalThis.fetch, now = Date.now }: RemoteKeySetConfig): KeySet => {
  const life = maxAge * 1000;
  let keys: Key[] | undefined;
  let fetched = 0; // start of the fetch that brought keys
  let failure: { at: number; error: Error } | undefined;
  let asked = -Infinity; // last fetch that an unknown kid caused
  let asking = false; // the fetch under way is such a one
  let flight: Promise<void> | undefined;

  /** Whether the keys may be used. A clock that jumped back makes them stale. */
  const fresh = (at: number) => keys !== undefined && at - fetched >= 0 && at - fetched < life;
  const failedJustNow = (at: number) => failure !== undefined && at - failure.at >= 0 && at - failure.at < failureInterval;

  const download = async (): Promise<Key[]> => {
    const first = new URL(url);
    let at = first;
    for (let redirects = 0; ; redirects += 1) {
      const answer = await fetch(at.href, {
        headers: { accept: 'application/jwk-set+json, application/json' },
        redirect: 'manual',
        signal: AbortSignal.timeout(timeout),
      });
      const location = answer.headers.get('location');
      if ([301, 302, 303, 307, 308].includes(answer.status) && location !== null) {
        void answer.body?.cancel().catch(() => undefined);
        at = new URL(location, at);
        if (at.protocol !== first.protocol || at.host !== first.host) throw new Error('redirect to another host');
        if (redirects === maxRedirects) throw new Error('too many redirects');
        continue;
      }
      if (answer.status !== 200) {
        void answer.body?.cancel().catch(() => undefined);
        throw new Error(`the issuer answered ${answer.status}`);
      }
      return parseJwks(await readAtMost(answer.body, maxLength));
    }
  };

  /** Joins the fetch under way or starts one. */
  const refresh = (at: number): Promise<void> => {
    flight ??= (async () => {
      try {
        keys = await download();
        fetched = at;
        failure = undefined;
      } catch (error) {
        failure = { at, error: new Error(`fetching keys: ${why(error)}`) };
      }
      flight = undefined;
      asking = false;
    })();
    return flight;
  };

  /** Looks once. `joined` says that an unknown kid was not worth a fetch of its own, because one was under way. */
  const look = async (id: string, algorithm: Algorithm): Promise<{ key: Key | undefined; joined: boolean }> => {
    const at = now();
    let joined = false;
    if (fresh(at)) {
      const key = onlyKey(keys ?? [], id, algorithm);
      if (key !== undefined) {
        if (at - fetched >= life / 2 && !failedJustNow(at)) void refresh(at);
        return { key, joined };
      }
      if (flight !== undefined) joined = !asking;
      else if (at - asked < unknownKidInterval) return { key, joined };
      else {
        asked = at;
        asking = true;
      }
    } else if (flight === undefined && failure !== undefined && failedJustNow(at)) throw failure.error;
    await refresh(at);
    if (!fresh(now())) throw failure?.error ?? new Error('fetched keys are too old already');
    return { key: onlyKey(keys ?? [], id, algorithm), joined };
  };

  return {
    keyFor: async (id, algorithm) => {
      for (;;) {
        const { key, joined } = await look(id, algorithm);
        if (key !== undefined || !joined) return key; // a fetch that was joined began before we asked: the key may be newer
      }
    },
  };
};
