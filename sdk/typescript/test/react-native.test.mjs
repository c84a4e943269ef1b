// @stepup-auth/react-native without a server: the cases of clients by way of its client object, its options, and its adapters over modules
// that behave as the native ones are documented to.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { PasskeyCancelledError } from '@stepup-auth/client';
import { clientEndpoints, iconPaths } from '@stepup-auth/client/prompt/headless';
import {
  createClient, expoBrowser, expoCrypto, inAppBrowser, keychainStorage, nativePasskeys, quickCrypto, secureStorage,
} from '@stepup-auth/react-native';
import { hurry } from './lib/chaos.mjs';
import { clientCases, runCase } from './lib/clientCases.mjs';
import { settled, writeVerdicts } from './lib/frame.mjs';
import { iconImages } from '../packages/react-native/dist/prompt/iconImages.js';
import { webViewKeys } from '../packages/react-native/dist/prompt/webViewKeys.js';
import { reactNativeSdk } from './lib/reactNativeSdk.mjs';

const environment = { environmentId: '7c2a1c0e-5f5b-4c9c-9d5e-2f1f6a3f0b11', apiBaseUrl: 'https://auth.example' };

describe('conformance/cases/clients, in React Native', () => {
  const cases = clientCases();
  const verdicts = {};
  const { BroadcastChannel } = globalThis;
  let timers;
  before(() => {
    timers = hurry();
    delete globalThis.BroadcastChannel; // which React Native does not have
  });
  after(() => {
    timers.restore();
    globalThis.BroadcastChannel = BroadcastChannel;
    writeVerdicts('clients.react-native', verdicts);
  });

  it('is there', () => assert.ok(cases.length > 450));
  for (const [name, one] of cases) {
    it(name, async () => {
      verdicts[name] = 'FAILED';
      assert.deepEqual(await runCase(reactNativeSdk, one), []);
      verdicts[name] = 'ok';
    });
  }
});

describe('createClient', () => {
  const invalid = (run, pattern) => assert.throws(run, (error) => error.code === 'invalid_param' && pattern.test(error.message));

  it('needs what the hosted page needs', () => {
    invalid(() => createClient({ ...environment, ui: 'hosted' }), /browser/);
    invalid(() => createClient({ ...environment, ui: 'hosted', browser: { open: async () => null, close: () => {} } }), /redirectUri/);
  });

  it('shows no token to whoever logs or serialises it', () => {
    const client = createClient(environment);
    assert.equal('token' in JSON.parse(JSON.stringify(client)), false);
    assert.deepEqual([client.auth.token, client.auth.authenticatedUser, client.wallets.primary], [null, null, null]);
  });

  it('has a state that follows the last call, and is reset', async () => {
    const client = createClient({ ...environment, fetch: async () => new Response('{}', { status: 500 }) });
    const { stepUpAuth } = client;
    const told = [];
    const stop = stepUpAuth.onStateChanged(({ isPending, error }) => told.push([isPending, error?.code ?? null]));
    await assert.rejects(stepUpAuth.verifyTotpMfa({ code: '1' }), { code: 'invalid_param' });
    assert.equal(stepUpAuth.state.error.code, 'invalid_param');
    stepUpAuth.resetState();
    stop();
    stepUpAuth.resetState();
    assert.deepEqual(told, [[true, null], [false, 'invalid_param'], [false, null]]);
    for (const verify of ['promptStepUpAuth', 'promptMfa', 'promptReauthenticate', 'verifyOtp', 'verifyPasskeyMfa', 'verifyWallet', 'verifyRecoveryCode']) {
      await assert.rejects(stepUpAuth[verify]({}), { code: 'invalid_param' }, verify);
    }
  });

  it('offers passkeys in a prompt where there is an adapter that can use them, and says so where there is none', async () => {
    const check = { isRequired: true, credentials: [{ id: 'p', format: 'passkey', type: 'passkey' }], reason: 'step_up_required' };
    const usable = async (passkey) => {
      const client = createClient({ ...environment, ...(passkey ? { passkey } : {}) });
      const request = { client, requestedScopes: ['wallet:export'], check, signal: new AbortController().signal };
      return (await clientEndpoints({ request }).read()).passkeys.usable;
    };
    const adapter = nativePasskeys({ isSupported: () => true, create: async () => null, get: async () => null });
    assert.deepEqual([await usable(adapter), await usable({ ...adapter, isSupported: () => false }), await usable()], [true, false, false]);
  });

  it('fills in what crypto lacks, and replaces nothing', () => {
    const whole = Object.getOwnPropertyDescriptor(globalThis, 'crypto');
    const adapter = { getRandomValues: (array) => array.fill(7), digest: async () => new ArrayBuffer(32) };
    const withCrypto = (value, run) => {
      Object.defineProperty(globalThis, 'crypto', { value, configurable: true, writable: true });
      try {
        return run();
      } finally {
        Object.defineProperty(globalThis, 'crypto', whole);
      }
    };
    withCrypto(undefined, () => {
      invalid(() => createClient(environment), /random/);
      createClient({ ...environment, crypto: adapter });
      assert.deepEqual([...crypto.getRandomValues(new Uint8Array(2))], [7, 7]);
      assert.equal(typeof crypto.subtle.digest, 'function');
    });
    const own = { getRandomValues: (array) => array.fill(1), subtle: {} };
    withCrypto(own, () => {
      createClient({ ...environment, crypto: adapter });
      assert.deepEqual([crypto, [...crypto.getRandomValues(new Uint8Array(1))]], [own, [1]]);
    });
    withCrypto({ getRandomValues: own.getRandomValues }, () => {
      createClient({ ...environment, crypto: adapter });
      assert.deepEqual([[...crypto.getRandomValues(new Uint8Array(1))], typeof crypto.subtle.digest], [[1], 'function']);
    });
  });
});

describe('the page that shows a key', () => {
  const url = `${environment.apiBaseUrl}/api/v0/sdk/${environment.environmentId}/reveal`;
  const wallet = { walletId: 'w', address: '0x01', chain: 'EVM' };
  const sealed = { encapsulatedKey: 'AA', ciphertext: 'AA', info: 'i', address: '0x01', chain: 'EVM' };

  /** A web view that is drawn, and what is posted into it. */
  const open = (seal = async () => sealed) => {
    const keys = webViewKeys(() => null);
    const posted = [];
    const leave = keys.draw();
    keys.speakBy((text) => posted.push(JSON.parse(text)));
    const session = new AbortController();
    const asked = [];
    const done = keys.showKey({ wallet, url, signal: session.signal, seal: (key) => { asked.push(key); return seal(key); } }).then(() => 'closed', (error) => error.reason ?? error.code);
    const say = (message, from = url) => keys.state()?.heard(typeof message === 'string' ? message : JSON.stringify(message), from);
    return { keys, posted, leave, session, asked, done, say };
  };

  it('is greeted once it is there, gets what is sealed for it once, and ends when it is closed', async () => {
    const { keys, posted, asked, done, say } = open();
    assert.equal(keys.state().isShown, false);
    say({ type: 'ready' });
    say({ type: 'ready' });
    say({ type: 'recipient', recipientKey: 'k' });
    say({ type: 'recipient', recipientKey: 'another' });
    await settled();
    assert.deepEqual([posted, asked, keys.state().isShown], [[{ type: 'stepup:reveal', ...wallet }, { type: 'sealed', sealed }], ['k'], true]);
    say({ type: 'closed' });
    assert.deepEqual([await done, keys.state()], ['closed', null]);
  });

  it('hears nothing of another page in its place, and no nonsense', async () => {
    const { posted, asked, say, leave, done } = open();
    for (const from of ['https://evil.example/', `${url}/`, `${url}?x`, 'https://auth.example.evil/reveal', 'about:blank', '']) say({ type: 'ready' }, from);
    assert.deepEqual(posted, []);
    say({ type: 'recipient', recipientKey: 'before the greeting' });
    say({ type: 'ready' }, `${url}#`);
    for (const text of ['', '{', 'null', '7', '{"type":7}', '{"type":"recipient","recipientKey":7}', '{"type":"other"}']) say(text);
    say({ type: 'recipient', recipientKey: 'of a page that took its place' }, 'https://evil.example/');
    await settled();
    assert.deepEqual([posted.length, asked], [1, []]);
    leave();
    assert.equal(await done, 'closed');
  });

  it('shows nothing where the server refuses, the page fails or is lost, and goes away with the session', async () => {
    const refused = open(async () => { throw Object.assign(new Error('no'), { code: 'elevated_access_token_required' }); });
    refused.say({ type: 'ready' });
    refused.say({ type: 'recipient', recipientKey: 'k' });
    assert.equal(await refused.done, 'elevated_access_token_required');
    const old = open();
    old.say({ type: 'ready' });
    old.say({ type: 'failed', reason: 'unsupported' });
    assert.deepEqual([await old.done, old.asked], ['unsupported', []]);
    const lost = open();
    lost.keys.state().lost();
    assert.equal(await lost.done, 'no_answer');
    const ended = open();
    ended.session.abort();
    assert.equal(await ended.done, 'session_ended');
    assert.equal(await webViewKeys(() => null).showKey({ wallet, url, signal: ended.session.signal, seal: async () => sealed }).catch((error) => error.reason), 'no_page');
  });
});

it('the icons of the prompt are there as images, all of them', () => {
  assert.deepEqual(Object.keys(iconImages), Object.keys(iconPaths));
  for (const image of Object.values(iconImages)) assert.match(Buffer.from(image, 'base64').toString('latin1'), /^\x89PNG/);
});

describe('adapters', () => {
  const key = 'stepup:https://auth.example/api/v0/sdk/7c2a1c0e';
  const text = `{"a":"${'ä%€'.repeat(2_000)}"}`;

  const keepsItems = async (storage) => {
    assert.equal(await storage.getItem(key), null);
    await storage.setItem(key, text);
    assert.equal(await storage.getItem(key), text);
    await storage.setItem(key, '{}');
    assert.equal(await storage.getItem(key), '{}');
    await storage.removeItem(key);
    await storage.removeItem(key);
    assert.equal(await storage.getItem(key), null);
  };

  it('keychainStorage', async () => {
    const items = new Map();
    const module = {
      getGenericPassword: async ({ service }) => (items.has(service) ? { username: 'stepup', password: items.get(service) } : false),
      setGenericPassword: async (_, password, { service }) => void items.set(service, password),
      resetGenericPassword: async ({ service }) => items.delete(service),
    };
    await keepsItems(keychainStorage(module));
    await assert.rejects(keychainStorage({ ...module, setGenericPassword: async () => false }).setItem(key, text));
  });

  const store = (items) => ({
    getItemAsync: async (name) => {
      assert.match(name, /^[\w.-]+$/);
      return items.get(name) ?? null;
    },
    setItemAsync: async (name, value) => {
      assert.match(name, /^[\w.-]+$/);
      assert.ok(Buffer.byteLength(value) <= 2048, `${value.length} bytes`);
      items.set(name, value);
    },
    deleteItemAsync: async (name) => void items.delete(name),
  });

  it('secureStorage, in small pieces that all go away', async () => {
    const items = new Map();
    await keepsItems(secureStorage(store(items)));
    assert.equal(items.size, 0);
  });

  it('secureStorage keeps names apart, and what was there when a write is torn', async () => {
    const items = new Map();
    const module = store(items);
    const storage = secureStorage(module);
    await storage.setItem('a:b', 'one');
    await storage.setItem('a_b', 'two');
    assert.equal(await storage.getItem('a:b'), 'one');
    let left = 2;
    const torn = secureStorage({ ...module, setItemAsync: async (...item) => {
      if ((left -= 1) < 0) throw new Error('full');
      return module.setItemAsync(...item);
    } });
    await assert.rejects(torn.setItem('a:b', text));
    assert.equal(await storage.getItem('a:b'), 'one');
  });

  it('nativePasskeys', async () => {
    const asked = [];
    const answer = { id: 'AQID', rawId: 'AQID', response: { clientDataJSON: 'e30' } };
    const adapter = nativePasskeys({ isSupported: () => true, create: async (o) => (asked.push(o), answer), get: async () => null });
    const optionsJSON = { challenge: 'AA' };
    assert.deepEqual([adapter.isSupported(), await adapter.register({ optionsJSON }), asked], [true, { type: 'public-key', ...answer }, [optionsJSON]]);
    await assert.rejects(adapter.authenticate({ optionsJSON }), PasskeyCancelledError);
    for (const error of [{ error: 'UserCancelled' }, { code: 'ERR_USER_CANCELLED' }, { name: 'NotAllowedError' }]) {
      await assert.rejects(nativePasskeys({ get: async () => { throw error; } }).authenticate({ optionsJSON }), PasskeyCancelledError);
    }
    const broken = new Error('BadConfiguration');
    await assert.rejects(nativePasskeys({ create: async () => { throw broken; } }).register({ optionsJSON }), broken);
  });

  it('expoBrowser', async () => {
    const answers = [{ type: 'success', url: 'app://back?code=1' }, { type: 'cancel' }, { type: 'dismiss' }];
    let dismissed = 0;
    const browser = expoBrowser({ openAuthSessionAsync: async () => answers.shift(), dismissAuthSession: () => { dismissed += 1; } });
    assert.deepEqual([await browser.open('u', 'app://back'), await browser.open('u', 'app://back'), await browser.open('u')], ['app://back?code=1', null, null]);
    browser.close();
    assert.equal(dismissed, 1);
  });

  it('inAppBrowser', async () => {
    const did = [];
    const browser = inAppBrowser({
      openAuth: async (url, back) => (did.push(['openAuth', back]), { type: 'success', url: 'app://back?code=1' }),
      open: async () => (did.push(['open']), { type: 'cancel' }),
      closeAuth: () => did.push(['closeAuth']),
      close: () => did.push(['close']),
    });
    browser.close();
    assert.equal(await browser.open('u', 'app://back'), 'app://back?code=1');
    browser.close();
    assert.equal(await browser.open('u'), null);
    browser.close();
    assert.deepEqual(did, [['openAuth', 'app://back'], ['closeAuth'], ['open'], ['close']]);
  });

  it('quickCrypto and expoCrypto hash and fill what they are given, and nothing beside it', async () => {
    const node = await import('node:crypto');
    const abc = new TextEncoder().encode('abc');
    const getRandomValues = (array) => array.fill(9);
    for (const adapter of [
      quickCrypto({ getRandomValues, createHash: node.createHash }),
      expoCrypto({ getRandomValues, digest: (name, data) => node.webcrypto.subtle.digest(name, data) }),
    ]) {
      assert.equal(Buffer.from(await adapter.digest('SHA-256', abc)).toString('hex'), node.createHash('sha256').update('abc').digest('hex'));
      const whole = new Uint8Array(6);
      const part = whole.subarray(2, 4);
      assert.equal(adapter.getRandomValues(part), part);
      assert.deepEqual([...whole], [0, 0, 9, 9, 0, 0]);
    }
  });
});
