// People who use wallets over a bad network, at a server of this tree: what it did is counted there, and compared with what each of them was
// told. Each seed is a person, who lives the same life every time; LONG_TESTS=1 has many more of them.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as sdk from '@stepup-auth/client';
import { appOrigin, claimsOf, newAddress } from './lib/app.mjs';
import { hurry, pick, timeoutMs, wayTo } from './lib/chaos.mjs';
import { memory } from './lib/fake.mjs';
import { openOutside, startServer } from './lib/server.mjs';

const [people, steps] = process.env.LONG_TESTS ? [120, 60] : [10, 24];
const minute = 60_000;

let outside;
let server;
let timers;
const unhandled = [];
const note = (error) => unhandled.push(error);
before(async () => {
  outside = await openOutside();
  server = await startServer({ smtpPort: outside.mailbox.port, sinkPort: outside.port, COMPATIBILITY: 'none' });
  timers = hurry();
  process.on('unhandledRejection', note);
  process.on('uncaughtException', note);
});
after(async () => {
  timers?.restore();
  process.off('unhandledRejection', note);
  process.off('uncaughtException', note);
  await outside?.close();
  if (server) assert.equal(await server.stop(), 0, `how the server ended:\n${server.log()}`);
});

const settled = async (promise) => {
  try {
    return { value: await promise };
  } catch (error) {
    if (!(error instanceof sdk.StepUpError)) throw error;
    return { error };
  }
};

/** Nobody was told that it failed for good, and nobody that it was done. */
const isUncertain = ({ error }) => error instanceof sdk.NetworkError || error instanceof sdk.ServerUnavailableError || error instanceof sdk.InvalidResponseError || error instanceof sdk.SessionEndedError;

class Person {
  constructor(seed) {
    this.seed = seed;
    this.email = newAddress(`person${seed}`);
    this.way = wayTo({ seed, timers });
    this.skew = pick([0, 0, -10 * minute, 10 * minute, -300 * minute, 300 * minute], seed, 'clock');
    this.storage = memory();
    this.step = 0;
    this.openClient();
  }

  /** A page that is loaded, with what the last one kept. */
  openClient() {
    this.client = sdk.createStepUpClient({
      environmentId: server.environment, apiBaseUrl: server.apiBase, origin: appOrigin, storage: this.storage, timeoutMs,
      now: () => Date.now() + this.skew,
      fetch: (url, init) => this.way.through((...request) => this.send(...request), url, init),
    });
    sdk.registerStepUpPrompt({ prompt: async ({ requestedScopes, client }) => this.answer(requestedScopes, client) }, this.client);
  }

  /** Sends what comes through, and reads the mail that it causes: a code comes though the answer is lost. */
  async send(url, init) {
    const response = await fetch(url, init);
    if (url.endsWith('/emailVerifications/create') && response.ok) this.code = await outside.mailbox.code(this.email);
    return response;
  }

  choose(list, ...of) { return pick(list, this.seed, this.step, ...of); }

  /** What the person does at a prompt: types the code, closes it, or leaves for the bank. */
  async answer(requestedScopes, client) {
    const does = this.choose(['proves', 'proves', 'proves', 'proves', 'closes', 'signs out'], 'prompt');
    if (does === 'closes') throw new sdk.StepUpCancelledError();
    if (does === 'signs out') return void (await sdk.logout(client));
    await this.byMail(requestedScopes, client);
  }

  async byMail(requestedScopes, client = this.client) {
    await sdk.sendEmailOTP({ email: this.email, ...(requestedScopes ? { requestedScopes } : {}) }, client);
    await sdk.verifyOTP({ verificationToken: this.code }, client);
  }

  /** What the server has, asked on a way on which nothing happens. */
  async truth() {
    const bearer = this.bearer;
    const ask = async (path) => {
      const response = await fetch(server.issuer + path, { headers: { authorization: bearer } });
      return response.ok ? response.json() : undefined;
    };
    const [wallets, user] = await Promise.all([ask('/waas'), ask('/users')]);
    return wallets && user && { wallets: wallets.wallets, firstName: user.firstName };
  }

  async live(steps) {
    this.way.calm = true;
    await this.byMail();
    this.way.calm = false;
    for (this.step = 1; this.step <= steps; this.step += 1) await this.act();
    // the network is well again: whoever they are now, it works
    this.way.calm = true;
    this.step = -1;
    this.openClient();
    await sdk.initializeClient(this.client);
    if (this.client.user) await settled(sdk.refreshUser(this.client));
    if (!this.client.user) await this.byMail();
    const { walletId } = await sdk.createWallet({ chain: 'EVM' }, this.client);
    await this.byMail(['wallet:sign']);
    const { signature } = await sdk.signWithWallet({ walletId, message: 'well again' }, this.client);
    assert.match(signature, /^0x/);
  }

  async act() {
    if (!this.client.user) {
      await settled(this.byMail());
      return;
    }
    this.bearer = `Bearer ${this.client.token}`;
    const before = await this.truth();
    if (!before) return void (await settled(sdk.refreshUser(this.client))); // the session is over; the client finds out
    const name = this.choose(Object.keys(acts), 'what');
    const taps = this.choose([1, 1, 1, 2], 'taps');
    const leaves = this.choose([false, false, false, false, true], 'leaves');
    const from = this.way.log.length;
    this.way.step = this.step;
    let n = 0;
    const at = this.choose([0, 1, 2], 'when');
    this.way.before = leaves ? async () => { if (n++ === at) await sdk.logout(this.client); } : undefined;
    const act = acts[name];
    const results = await Promise.all(Array.from({ length: taps }, () => settled(act.run(this, before))));
    this.way.before = undefined;
    const log = this.way.log.slice(from);
    tally.acts += results.length;
    tally.done += results.filter(({ value }) => value !== undefined).length;
    tally.uncertain += results.filter(isUncertain).length;
    tally.faults += log.filter(({ fault }) => fault).length;
    const where = `person ${this.seed}, step ${this.step}: ${taps} × ${name}${leaves ? ', signing out' : ''}\n${log.map(({ what, fault, statuses, key }) => `  ${what} ${fault ?? ''} ${statuses} ${key ?? ''}`).join('\n')}`;
    try {
      this.judge(log, taps);
      const after = await this.truth();
      if (after) act.judge?.({ before, after, results, log, taps });
    } catch (error) {
      error.message = `${where}\n${error.message}`;
      throw error;
    }
  }

  judge(log, taps) {
    const once = new Map();
    for (const { what, method, path, key, reached, token, session } of log) {
      if (path === '/revoke') continue;
      if (method !== 'GET' && path !== '/stepUp/check' && !key) {
        once.set(what, (once.get(what) ?? 0) + reached);
        const allowed = path === '/refresh' ? 3 : taps * 2; // a prompt may be answered twice
        assert.ok(once.get(what) <= allowed, `${what} came to the server ${once.get(what)} times`);
      }
      if (token) {
        assert.equal(claimsOf(token).sid, claimsOf(session).sid, `${what}: a token of another session`);
        assert.match(path, /^\/waas\/.*\/(signMessage|refresh|privateKey\/export)$/, 'a token where none is wanted');
      }
    }
    const keys = new Map();
    for (const { key, token, session } of log) {
      if (!key) continue;
      const first = keys.get(key) ?? { token, sid: claimsOf(session).sid, n: 0 };
      keys.set(key, { ...first, n: first.n + 1 });
      assert.deepEqual([first.token, first.sid], [token, claimsOf(session).sid], 'an operation was sent again as another');
      assert.ok(first.n < 3);
    }
    const spent = new Map();
    for (const { key, token, statuses } of log) {
      if (!token || !claimsOf(token).singleUse || !statuses.includes(200)) continue;
      assert.equal(spent.get(token) ?? key, key, 'a token that works once opened two gates');
      spent.set(token, key);
    }
  }
}

const tally = { acts: 0, done: 0, uncertain: 0, faults: 0 };

/** As many things were done as were told to be, and where nobody knows, at most that many more. */
const counted = (done, results, what) => {
  const told = results.filter(({ value }) => value !== undefined).length;
  const open = results.filter(isUncertain).length;
  assert.ok(done >= told, `${what}: ${told} were told that it is done, and it was ${done} times`);
  assert.ok(done <= told + open, `${what}: done ${done} times, told ${told}, uncertain ${open}`);
};

const some = (person, { wallets }) => wallets.find(({ state }) => state === 'active')?.walletId ?? '00000000-0000-4000-8000-000000000000';
const operations = (log, verb) => new Set(log.filter(({ path }) => path.endsWith(verb)).flatMap(({ answers, statuses }) => answers.filter((_, i) => statuses[i] === 200).map(({ operationId }) => operationId)));
const message = (person) => `step ${person.step}`;

const acts = {
  'makes a wallet': {
    run: ({ client }) => sdk.createWallet({ chain: 'EVM' }, client),
    judge: ({ before, after, results }) => counted(after.wallets.length - before.wallets.length, results, 'wallets'),
  },
  'renews a key': {
    run: (person, before) => sdk.ensure('wallet:delegate', () => sdk.refreshWallet({ walletId: some(person, before) }, person.client), person.client)
      .then(({ result, error }) => result ?? Promise.reject(error)),
    judge: ({ before, after, results, log }) => {
      const of = ({ wallets }) => wallets.reduce((sum, { generation }) => sum + generation, 0);
      const uncertain = log.some(({ path, fault }) => path.endsWith('/refresh') && fault) ? 1 : 0;
      const told = results.filter(({ value }) => value).length;
      assert.ok(of(after) - of(before) >= told && of(after) - of(before) <= told + results.filter(isUncertain).length + uncertain, `generations: ${of(before)} to ${of(after)}, told ${told}`);
    },
  },
  signs: {
    run: (person, before) => sdk.ensure('wallet:sign', () => sdk.signWithWallet({ walletId: some(person, before), message: message(person) }, person.client), person.client)
      .then(({ result, error }) => result ?? Promise.reject(error)),
    judge: ({ results, log }) => {
      const done = operations(log, '/signMessage');
      for (const { value } of results) if (value) assert.ok(done.has(value.operationId), 'a signature that the server knows nothing of');
      assert.equal(new Set(results.filter(({ value }) => value).map(({ value }) => value.operationId)).size, results.filter(({ value }) => value).length);
    },
  },
  'signs without asking': {
    run: (person, before) => sdk.signWithWallet({ walletId: some(person, before), message: message(person) }, person.client),
    judge: ({ results, log }) => counted(operations(log, '/signMessage').size, results, 'signatures'),
  },
  'proves it ahead': {
    run: (person) => person.byMail(['wallet:sign']),
    judge: () => {},
  },
  'changes the name': {
    run: (person) => { const firstName = `Name${person.step}`; return sdk.updateUser({ userFields: { firstName } }, person.client).then(() => firstName); },
    judge: ({ before, after, results }) => {
      const told = results.find(({ value }) => value)?.value;
      if (told) assert.equal(after.firstName, told);
      else if (!results.some(isUncertain)) assert.equal(after.firstName, before.firstName);
    },
  },
  looks: { run: ({ client }) => sdk.getWallets(client) },
  'asks what is needed': {
    run: async ({ client }) => {
      const answer = await sdk.checkStepUpAuth({ scope: 'wallet:export' }, client);
      assert.ok(answer.isRequired, 'nothing was proven for it');
      return answer;
    },
  },
  'renews the session': { run: ({ client }) => sdk.refreshAuth(client) },
  'loads the page anew': { run: async (person) => { person.openClient(); await sdk.initializeClient(person.client); return true; } },
  'opens a second tab': {
    run: async (person, before) => {
      const first = person.client;
      person.openClient();
      await Promise.all([settled(sdk.getWallets(first)), settled(sdk.getWallets(person.client))]);
      return true;
    },
  },
  'travels': { run: async (person) => { person.skew += person.choose([-10 * minute, 10 * minute, -120 * minute, 120 * minute], 'travels'); return true; } },
  'signs out': { run: ({ client }) => sdk.logout(client) },
};

describe('a bad network', () => {
  it(`${people} people, ${steps} steps each: nothing done twice, nothing lost, nothing unhandled`, async (context) => {
    const all = Array.from({ length: people }, (_, i) => i + 1);
    const live = async () => {
      for (let seed = all.shift(); seed; seed = all.shift()) await new Person(Number(process.env.CHAOS_SEED ?? seed)).live(steps);
    };
    await Promise.all(Array.from({ length: 5 }, live));
    assert.deepEqual(unhandled, []);
    const { acts, done, uncertain, faults } = tally;
    context.diagnostic(`${acts} acts: ${done} told that they are done, ${uncertain} uncertain, ${acts - done - uncertain} refused; ${faults} requests met something`);
    assert.ok(done > acts / 4 && uncertain > acts / 20, 'too calm, or nothing works');
  });
});
