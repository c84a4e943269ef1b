// Nothing is done twice, nothing is lost, and nothing is left unhandled, whatever happens on the way to the server and around the client.
import assert from 'node:assert/strict';
import { after, afterEach, before, describe, it } from 'node:test';
import * as sdk from '@stepup-auth/client';
import { claimsOf } from './lib/app.mjs';
import { calls, routes, surroundings, unnamed } from './lib/calls.mjs';
import { faults, hurry, timeoutMs, wayTo } from './lib/chaos.mjs';
import { answer, fakeApp, memory, refusal, user, verify } from './lib/fake.mjs';

let timers;
const unhandled = [];
const note = (error) => unhandled.push(error);
before(() => {
  timers = hurry();
  process.on('unhandledRejection', note);
  process.on('uncaughtException', note);
});
after(() => {
  timers.restore();
  process.off('unhandledRejection', note);
  process.off('uncaughtException', note);
});
const soon = () => new Promise((resolve) => { setTimeout(resolve, 200); });
afterEach(async () => {
  await soon();
  assert.deepEqual(unhandled.splice(0), []);
});

/** How a call ended, which must be with a value or with an error of ours. */
const settled = async (promise) => {
  try {
    return { value: await promise };
  } catch (error) {
    if (!(error instanceof sdk.StepUpError)) throw error;
    return { error };
  }
};

/** Servers of their own: clients of the same one tell each other of what changes. */
let servers = 0;

/** Somebody signed in, with a token for every scope in hand, and a prompt that proves by authenticator app. */
const open = async (options = {}, more = {}) => {
  const way = wayTo({ seed: options.seed ?? 1, timers });
  way.calm = true;
  const apiBaseUrl = `https://auth${servers += 1}.example.com`;
  const app = fakeApp({ ...routes, ...more }, { ...surroundings, apiBaseUrl, redirectStorage: memory(), timeoutMs, ...options, through: way.through });
  await app.signIn();
  sdk.registerStepUpPrompt({
    prompt: async ({ client, requestedScopes, createMfaToken }) =>
      void (await sdk.authenticateTotpMfaDevice({ code: '1', ...(createMfaToken ? { createMfaToken } : { requestedScopes }) }, client)),
  }, app.client);
  const prove = (...requestedScopes) => sdk.authenticateTotpMfaDevice({ code: '1', requestedScopes }, app.client);
  const token = (scope) => sdk.getElevatedAccessToken({ scope, consume: false }, app.client);
  way.log.length = 0;
  return { ...app, apiBaseUrl, way, prove, token };
};

/** Only what reads, or names its operation, may be sent again; and then as the same operation with the same token. */
const reads = ['POST /stepUp/check', 'POST /providers/google/oauthResult'];
const judgeLog = (log, taps = 1) => {
  const by = new Map();
  for (const entry of log) by.set(`${entry.what} ${entry.key ?? ''}`, [...(by.get(`${entry.what} ${entry.key ?? ''}`) ?? []), entry]);
  for (const [name, entries] of by) {
    const [{ method, key, what }] = entries;
    if (method === 'GET' && what !== 'GET /users/mfa/recovery' && !what.includes('/register') || reads.includes(what)) continue;
    if (key) {
      assert.ok(entries.length <= 3, `${name}: sent ${entries.length} times`);
      assert.equal(new Set(entries.map(({ token }) => token)).size, 1, `${name}: with different tokens`);
      assert.equal(new Set(entries.map(({ session }) => claimsOf(session).sid)).size, 1, `${name}: in different sessions`);
    } else assert.ok(entries.length <= taps, `${name}: sent ${entries.length} times without an operation id`);
  }
};

it('every function is tried', () => assert.deepEqual(unnamed(), []));

/** Tries something of every call at once. */
const everyCall = (trial, of = Object.entries(calls)) => Promise.all(of.map(([name, call]) => trial(name, call)));

describe('one thing goes wrong', () => {
  it('nothing, to begin with', () => everyCall(async (name, { run, scopes }) => {
    const app = await open();
    if (scopes) await app.prove(scopes[0]);
    app.way.log.length = 0;
    const { error } = await settled(run(app.client));
    assert.equal(error, undefined, `${name}: ${error?.stack}`);
    judgeLog(app.way.log);
  }));

  for (const fault of Object.keys(faults)) {
    it(fault, () => everyCall(async (name, { run, scopes, signsIn }) => {
      const app = await open();
      if (scopes) await app.prove(scopes[0]);
      const held = scopes && app.token(scopes[0]);
      app.way.log.length = 0;
      Object.assign(app.way, { calm: false, only: fault });
      const { error } = await settled(run(app.client));
      app.way.calm = true;
      judgeLog(app.way.log);
      const reached = app.way.log.some((entry) => entry.reached > 0 && (entry.token !== undefined || name === 'revokeAllRegisteredDevices'));
      if (!['deleteUser', 'revokeAllRegisteredDevices'].includes(name) || !reached) assert.equal(app.client.user?.id, 'u1', `${name}: signed out by a fault on the way`);
      if (held && error && !reached) assert.equal(app.token(scopes[0]), held, `${name}: a token is lost that came to nobody`);
      if (signsIn || !app.client.user) return;
      const again = await settled(run(app.client));
      const spent = scopes && ['elevated_access_token_required', 'no_elevated_token'].includes(again.error?.code);
      assert.ok(!again.error || spent, `${name}: does not work once all is well: ${again.error?.stack}`);
    }));
  }
});

describe('somebody signs out', () => {
  for (const how of ['here', 'in another tab', 'at the server']) {
    it(`${how}, at any moment of a call`, async () => {
      for (const [name, { run, scopes, signsIn }] of Object.entries(calls)) {
        if (signsIn) continue;
        for (let moment = 0; ; moment += 1) {
          const storage = memory();
          const app = await open({ storage });
          const tab = how === 'in another tab' ? fakeApp(routes, { ...surroundings, apiBaseUrl: app.apiBaseUrl, storage }) : undefined;
          if (scopes) await app.prove(scopes[0]);
          await tab && await sdk.initializeClient(tab.client);
          let [n, left] = [0, false];
          app.way.before = async (entry) => {
            if (n++ !== moment || entry.path === '/revoke') return;
            left = true;
            if (how === 'here') await sdk.logout(app.client);
            else if (how === 'in another tab') await sdk.logout(tab.client);
            else app.routes[entry.what] = () => answer({ error: 'Over.', code: 'invalid_session' }, 401);
          };
          app.way.log.length = 0;
          await settled(run(app.client));
          if (!left) break;
          if (how === 'at the server' && !app.way.log[moment].session) continue; // it was asked in nobody's name
          for (const until = Date.now() + 3_000; app.client.user && Date.now() < until;) await soon();
          assert.equal(app.client.user, null, `${name}: still signed in, request ${moment}`);
          assert.equal(app.client.token, null);
          for (const scope of scopes ?? []) assert.equal(app.token(scope), undefined, name);
          assert.equal(app.client.mfaToken, null);
          assert.doesNotMatch([...storage.items.values()].join(), /eyJ/, `${name}: something of the session is kept, request ${moment}`);
          if (how !== 'here') continue;
          const after = app.way.log.slice(app.way.log.findIndex(({ path }) => path === '/revoke') + 1);
          assert.deepEqual(after.filter(({ token, session }) => token || session).map(({ what }) => what), [], `${name}: acted after it was signed out`);
        }
      }
    });
  }

  it('although the server hangs and was never asked anything', async () => {
    const storage = memory();
    const before = await open({ storage });
    assert.ok(before.client.token);
    const hanging = fakeApp({ ...routes, 'GET /settings': () => new Promise(() => {}), 'POST /revoke': () => new Promise(() => {}) }, { storage, apiBaseUrl: before.apiBaseUrl, timeoutMs: 60_000 });
    void sdk.logout(hanging.client);
    await soon();
    assert.equal(hanging.client.user, null);
    assert.equal(storage.items.size, 0);
  });
});

describe('a prompt', () => {
  const asking = async (prompt, more = {}) => {
    const app = await open({}, more);
    sdk.registerStepUpPrompt({ prompt }, app.client);
    app.way.log.length = 0;
    const ran = [];
    const ensured = () => sdk.ensure('wallet:sign', ({ token }) => { ran.push(token()); return 7; }, app.client);
    const prompted = () => sdk.promptStepUpAuth({ requestedScopes: ['wallet:sign'] }, app.client);
    return { ...app, ensured, prompted, ran };
  };

  it('that is closed is no proof, whatever it was in the middle of', async () => {
    const app = await asking(async ({ client, requestedScopes }) => {
      void sdk.authenticateTotpMfaDevice({ code: '1', requestedScopes }, client).catch(() => {});
      throw new sdk.StepUpCancelledError();
    });
    assert.equal((await app.ensured()).outcome, 'cancelled');
    assert.deepEqual(app.ran, []);
  });

  it('that fails in a way of its own, or proves nothing, lets nobody through', async () => {
    for (const prompt of [() => { throw new TypeError('drawing failed'); }, async () => { throw new TypeError('drawing failed'); }, async () => {}, () => undefined]) {
      const app = await asking(prompt);
      for (const run of [app.ensured, app.prompted]) {
        const error = await run().then(() => assert.fail('went through'), (e) => e);
        assert.ok(error instanceof TypeError || error.code === 'no_elevated_token', error.stack);
      }
      assert.deepEqual(app.ran, []);
    }
  });

  for (const [how, end] of Object.entries({
    'is signed out of': (app) => sdk.logout(app.client),
    'finds the session dead': (app) => { app.routes['GET /waas'] = () => answer({ error: 'Over.', code: 'invalid_session' }, 401); return settled(sdk.getWallets(app.client)); },
    'finds it dead itself': (app) => { app.routes['POST /users/mfa/auth/totp'] = () => answer({ error: 'Over.', code: 'invalid_session' }, 401); return settled(app.prove('wallet:sign')); },
  })) {
    it(`that ${how} closes, and the next one works`, async () => {
      let opened;
      const app = await asking(({ signal }) => new Promise((_, reject) => { opened = signal; signal.addEventListener('abort', () => reject(new Error('closed'))); }));
      const [ensured, prompted] = [settled(app.ensured()), settled(app.prompted())];
      while (!opened) await soon();
      await end(app);
      assert.equal(opened.aborted, true);
      assert.equal((await ensured).value?.outcome, 'cancelled');
      assert.equal((await prompted).error.code, 'step_up_cancelled');
      assert.deepEqual([app.ran, app.client.user], [[], null]);
      app.routes['POST /users/mfa/auth/totp'] = routes['POST /users/mfa/auth/totp'];
      await app.signIn();
      sdk.registerStepUpPrompt({ prompt: async ({ client, requestedScopes }) => void (await sdk.authenticateTotpMfaDevice({ code: '1', requestedScopes }, client)) }, app.client);
      assert.equal((await app.ensured()).outcome, 'verified');
    });
  }

  it('is one for all who tap meanwhile, and each proof does one thing', async () => {
    let opened = 0;
    const app = await asking(async ({ client, requestedScopes }) => {
      opened += 1;
      await soon();
      await sdk.authenticateTotpMfaDevice({ code: '1', requestedScopes }, client);
    }, { 'POST /waas/w1/signMessage': ({ headers }) => (headers['x-dyn-elevated-access-token'] ? answer({ signature: '0x', operationId: 'o', intentHash: 'h' }) : refusal('missing')) });
    const tokens = await Promise.all(Array.from({ length: 5 }, () => app.prompted()));
    assert.deepEqual([opened, new Set(tokens).size], [1, 1]);
    for (const taps of [2, 5]) {
      app.way.log.length = 0;
      const sign = () => sdk.ensure('wallet:sign', () => sdk.signWithWallet({ walletId: 'w1', message: 'x' }, app.client), app.client);
      const done = await Promise.all(Array.from({ length: taps }, () => settled(sign())));
      const sent = app.way.log.filter(({ path, statuses }) => path.endsWith('/signMessage') && statuses[0] === 200).map(({ token }) => token);
      const went = done.filter(({ value }) => value?.result.signature).length;
      assert.deepEqual([sent.length, new Set(sent).size], [went, went], 'a proof did two things');
      assert.ok(went >= 2, 'two taps are two actions');
    }
  });
});

describe('a tap too many', () => {
  it('sends no token twice, and each call once', () => everyCall(async (name, { run, scopes }) => {
    const app = await open();
    if (scopes) await app.prove(scopes[0]);
    app.way.log.length = 0;
    await Promise.all([settled(run(app.client)), settled(run(app.client)), settled(run(app.client))]);
    judgeLog(app.way.log, 3);
    const sent = new Map();
    for (const { token, key } of app.way.log) if (token) sent.set(token, new Set(sent.get(token)).add(key));
    if (name !== 'ensure') for (const [, keys] of sent) assert.equal(keys.size, 1, `${name}: one token for several operations`);
    assert.ok(app.way.log.filter(({ what }) => what === 'POST /refresh').length <= 3);
  }));

  it('takes a token that works once out of the store once, though other tabs keep it meanwhile', async () => {
    const storage = memory();
    const app = await open({ storage });
    await app.prove('transfer:create');
    const take = () => sdk.getElevatedAccessToken({ scope: 'transfer:create' }, app.client);
    const tab = fakeApp(routes, { storage, apiBaseUrl: app.apiBaseUrl });
    await sdk.initializeClient(tab.client);
    const elsewhere = sdk.sendEmailOTP({ email: 'a@b.c' }, tab.client); // changes what is kept
    const got = [take()];
    for (let n = 0; n < 50; n += 1) {
      got.push(take());
      await new Promise(setImmediate);
    }
    await elsewhere;
    assert.equal(got.filter(Boolean).length, 1);
  });

  it('gives an action the token that is there when it asks', async () => {
    const app = await open();
    await app.prove('wallet:sign');
    const got = [];
    await sdk.ensure('wallet:sign', async ({ token }) => {
      got.push(sdk.getElevatedAccessToken({ scope: 'wallet:sign' }, app.client));
      got.push(token());
    }, app.client);
    assert.deepEqual([Boolean(got[0]), got[1]], [true, undefined], 'one token was handed out twice');
  });
});

describe('the clock', () => {
  const minute = 60_000;
  for (const [name, offset] of Object.entries({ 'ten minutes slow': -10 * minute, 'ten minutes fast': 10 * minute, 'a day slow': -1440 * minute, 'a day fast': 1440 * minute })) {
    it(`${name}: tokens and sessions live as long as they should`, async () => {
      let passed = 0;
      const app = await open({ now: () => Date.now() + offset + passed });
      await app.prove('wallet:sign');
      passed = 4 * minute;
      assert.ok(app.token('wallet:sign'));
      passed = 5 * minute;
      assert.equal(app.token('wallet:sign'), undefined);
      app.way.log.length = 0;
      await sdk.getWallets(app.client);
      assert.deepEqual(app.way.log.map(({ path }) => path), ['/waas'], 'renewed too early');
      passed = 116 * minute;
      await sdk.getWallets(app.client);
      await sdk.getWallets(app.client);
      assert.deepEqual(app.way.log.slice(1).map(({ path }) => path), ['/refresh', '/waas', '/waas']);
    });
  }

  for (const [engine, own] of [['a browser', {}], ['Hermes, which does not say when its clock began', { timeOrigin: undefined }]]) {
    it(`set back while the page is open, in ${engine}: a token is not held for longer than it lives, and the session is renewed in time`, async (t) => {
      const real = { date: Date.now, performance: globalThis.performance };
      const begun = real.date();
      let [passed, set] = [0, 0];
      Date.now = () => begun + passed + set;
      const timeOrigin = begun - 1_000;
      Object.defineProperty(globalThis, 'performance', { value: { timeOrigin, now: () => begun - timeOrigin + passed, ...own }, configurable: true, writable: true });
      t.after(() => { Date.now = real.date; globalThis.performance = real.performance; });
      const app = await open();
      await app.prove('wallet:sign');
      set = -10 * minute;
      passed = 6 * minute;
      assert.equal(app.token('wallet:sign'), undefined);
      passed = 118 * minute;
      app.way.log.length = 0;
      await sdk.getWallets(app.client);
      assert.deepEqual(app.way.log.map(({ path }) => path), ['/refresh', '/waas']);
      [passed, set] = [119 * minute, 600 * minute]; // and set forward: renewed too early is no harm
      await sdk.getWallets(app.client);
      assert.equal(app.client.user.id, 'u1');
    });
  }
});

describe('the storage', () => {
  const quota = () => { throw new DOMException('full', 'QuotaExceededError'); };
  const works = async (app) => {
    await app.prove('wallet:sign');
    await sdk.signWithWallet({ walletId: 'w1', message: 'x' }, app.client);
    assert.equal(app.token('wallet:sign'), undefined);
    assert.deepEqual(await sdk.logout(app.client), { revoked: true });
    assert.equal(app.client.user, null);
    await app.signIn();
    assert.equal(app.client.user.id, 'u1');
  };

  for (const [name, storage] of Object.entries({
    'refuses everything': { getItem: quota, setItem: quota, removeItem: quota },
    'refuses everything later': { getItem: () => Promise.reject(new Error('no')), setItem: () => Promise.reject(new Error('no')), removeItem: () => Promise.reject(new Error('no')) },
    'is full': { ...memory(), setItem: quota },
    'answers undefined where there is nothing': (() => { const items = {}; return { getItem: (k) => items[k], setItem: (k, v) => { items[k] = v; }, removeItem: (k) => { delete items[k]; } }; })(),
    'is slow': (() => { const { getItem, setItem, removeItem } = memory(); const late = (f) => async (...a) => { await soon(); return f(...a); }; return { getItem: late(getItem), setItem: late(setItem), removeItem: late(removeItem) }; })(),
  })) it(`that ${name} keeps nobody from anything`, async () => {
    const from = performance.now();
    await works(await open({ storage }));
    assert.ok(performance.now() - from < 2_000, 'it waited for what never comes');
  });

  it('that is full does not bring back whom another has taken the place of', async () => {
    const storage = memory();
    const app = await open({ storage });
    storage.setItem = quota;
    app.routes['POST /emailVerifications/signin'] = () => verify({ user: user({ id: 'u2', sessionId: 's2' }), claims: { sub: 'u2', sid: 's2' } });
    await sdk.signInWithExternalJwt({ externalJwt: 'x' }, app.client).catch(() => {});
    app.routes['POST /externalAuth/signin'] = app.routes['POST /emailVerifications/signin'];
    await sdk.signInWithExternalJwt({ externalJwt: 'x' }, app.client);
    assert.equal(app.client.user.id, 'u2');
    const reloaded = fakeApp(routes, { storage, apiBaseUrl: app.apiBaseUrl });
    await sdk.initializeClient(reloaded.client);
    assert.equal(reloaded.client.user, null);
  });

  it('that holds anything at all is read as what it is', async () => {
    const storage = memory();
    const app = await open({ storage });
    await app.prove('wallet:sign', 'wallet:export');
    await sdk.authenticateTotpMfaDevice({ code: '1', createMfaToken: { singleUse: true } }, app.client);
    await sdk.sendEmailOTP({ email: 'a@b.c' }, app.client);
    await sdk.registerTotpMfaDevice(app.client);
    const [text] = [...storage.items.values()];
    const whole = JSON.parse(text);
    const places = (value, at = []) => (typeof value === 'object' && value !== null ? Object.entries(value).flatMap(([k, v]) => [[...at, k], ...places(v, [...at, k])]) : []);
    const put = (at, what) => {
      const copy = structuredClone(whole);
      const last = at.slice(0, -1).reduce((o, k) => o[k], copy);
      if (what === undefined) delete last[at.at(-1)];
      else last[at.at(-1)] = what;
      return JSON.stringify(copy);
    };
    const texts = [text.slice(0, text.length >> 1), text.slice(1), '', 'null', '7', '"x"', '[]', '{}', '\u0000', '{"version":1,"revision":9e99}'];
    for (const at of places(whole)) for (const what of [undefined, null, 7, 'x', [], {}, true]) texts.push(put(at, what));
    assert.ok(texts.length > 200);
    await Promise.all(texts.map(async (kept) => {
      const apiBaseUrl = `https://auth${servers += 1}.example.com`;
      const again = fakeApp(routes, { ...surroundings, apiBaseUrl, redirectStorage: memory(), storage: { getItem: () => kept, setItem: () => {}, removeItem: () => {} } });
      const run = async (name, asked) => { const { error } = await settled(asked).catch((e) => assert.fail(`${name} with ${kept.slice(0, 300)}: ${e.stack}`)); return error; };
      assert.equal(await run('initializeClient', sdk.initializeClient(again.client)), undefined, kept);
      await run('verifyOTP', sdk.verifyOTP({ verificationToken: '1' }, again.client));
      await run('signWithWallet', sdk.signWithWallet({ walletId: 'w1', message: 'x' }, again.client));
      await run('exportWallet', sdk.exportWallet({ walletId: 'w1', recipientKey: 'x' }, again.client));
      await run('refreshAuth', sdk.refreshAuth(again.client));
      for (const { headers } of again.seen) for (const value of Object.values(headers)) assert.equal(typeof value, 'string', JSON.stringify(headers));
      assert.ok([null, 'u1'].includes(again.client.user?.id ?? null));
    }));
  });

  it('whose locks are refused is used without', async (t) => {
    const { navigator } = globalThis;
    Object.defineProperty(globalThis, 'navigator', { configurable: true, value: { locks: { request: () => Promise.reject(new DOMException('sandboxed', 'SecurityError')) } } });
    t.after(() => Object.defineProperty(globalThis, 'navigator', { configurable: true, value: navigator }));
    await works(await open({ storage: memory() }));
  });
});

describe('several tabs', () => {
  it('do what each was asked, once, and renew together, whatever happens on the way', async () => {
    for (let seed = 1; seed <= (process.env.LONG_TESTS ? 300 : 20); seed += 1) {
      const storage = memory();
      const one = await open({ storage, seed });
      const ways = [one.way];
      const tabs = [one, ...await Promise.all([2, 3].map(async (n) => {
        const way = wayTo({ seed: seed * 10 + n, timers });
        way.calm = true;
        ways.push(way);
        const tab = fakeApp(one.routes, { ...surroundings, storage, apiBaseUrl: one.apiBaseUrl, timeoutMs, through: way.through });
        await sdk.initializeClient(tab.client);
        return tab;
      }))];
      for (const way of ways) way.calm = false;
      const done = await Promise.all(tabs.flatMap(({ client }) => [
        settled(sdk.createWallet({ chain: 'EVM' }, client)), settled(sdk.refreshAuth(client)), settled(sdk.updateUser({ userFields: { firstName: 'A' } }, client)), settled(sdk.getWallets(client)),
      ]));
      assert.equal(done.length, 12);
      for (const way of ways) judgeLog(way.log);
      for (const way of ways) way.calm = true;
      await Promise.all(tabs.map(({ client }) => sdk.refreshUser(client)));
      for (const { client } of tabs) assert.equal(client.token, one.client.token, `seed ${seed}: tabs with different sessions`);
    }
  });
});
