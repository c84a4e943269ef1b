// Sessions in cookies, at a server of this tree: a browser's jar is shared by all its tabs, and script sees nothing of it.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as sdk from '@stepup-auth/client';
import { appOrigin, newAddress, rejection } from './lib/app.mjs';
import { openAuthenticator } from './lib/authenticator.mjs';
import { openOutside, startServer } from './lib/server.mjs';

let outside;
let server;
before(async () => {
  outside = await openOutside();
  server = await startServer({ smtpPort: outside.mailbox.port, sinkPort: outside.port, COMPATIBILITY: 'none', AUTH_STORAGE: 'cookie' });
});
after(async () => {
  await outside?.close();
  if (server) assert.equal(await server.stop(), 0, `how the server ended:\n${server.log()}`);
});

/** A browser: one jar, and tabs that use it where they ask for it. */
const openBrowser = () => {
  const jar = new Map();
  const openTab = (options = {}) => {
    const requests = [];
    const client = sdk.createStepUpClient({
      environmentId: server.environment, apiBaseUrl: server.apiBase, origin: appOrigin, ...options,
      fetch: async (url, init) => {
        const cookie = init.credentials === 'include' ? [...jar].map((pair) => pair.join('=')).join('; ') : '';
        const response = await fetch(url, { ...init, headers: { ...init.headers, origin: appOrigin, ...(cookie ? { cookie } : {}) } });
        for (const set of response.headers.getSetCookie()) {
          assert.equal(init.credentials, 'include');
          assert.match(set, /HttpOnly; Secure; SameSite/);
          const [, name, value] = /^([^=]+)=([^;]*)/.exec(set);
          if (value === '' || /Max-Age=0/.test(set)) jar.delete(name);
          else jar.set(name, value);
        }
        requests.push({ path: url.replace(server.issuer, ''), status: response.status, headers: init.headers });
        return response;
      },
    });
    return { client, requests, token: (scope) => sdk.getElevatedAccessToken({ scope, consume: false }, client) };
  };
  return { jar, openTab };
};
const signIn = async ({ client }, email, ...requestedScopes) => {
  await sdk.sendEmailOTP({ email, requestedScopes }, client);
  return sdk.verifyOTP({ verificationToken: await outside.mailbox.code(email) }, client);
};

describe('a session in a cookie', () => {
  it('is never seen, carries everything, and outlives a reload', async () => {
    const [browser, email] = [openBrowser(), newAddress()];
    const tab = browser.openTab();
    await sdk.initializeClient(tab.client);
    assert.equal(tab.client.user, null);
    const answer = await signIn(tab, email);
    assert.deepEqual([answer.minifiedJwt, answer.jwt, tab.client.token, browser.jar.size], [undefined, undefined, null, 1]);
    assert.equal(tab.client.user.email, email);

    await signIn(tab, email, 'credential:link', 'credential:unlink');
    const device = await sdk.registerTotpMfaDevice(tab.client);
    const code = openAuthenticator(device.uri);
    await sdk.authenticateTotpMfaDevice({ code: code(0), deviceId: device.id }, tab.client);
    await sdk.authenticateTotpMfaDevice({ code: code(1), requestedScopes: ['wallet:sign'] }, tab.client);
    const { walletId } = await sdk.createWallet({ chain: 'EVM' }, tab.client);
    assert.match((await sdk.signWithWallet({ walletId, message: 'x' }, tab.client)).signature, /^0x/);
    assert.ok(tab.requests.every(({ headers }) => headers.authorization === undefined));

    const reloaded = browser.openTab();
    await sdk.initializeClient(reloaded.client);
    assert.equal(reloaded.client.user.sessionId, tab.client.user.sessionId);
    assert.deepEqual((await sdk.getWallets(reloaded.client)).map((w) => w.walletId), [walletId]);
    const before = [...browser.jar.values()][0];
    await sdk.refreshAuth(reloaded.client);
    assert.notEqual([...browser.jar.values()][0], before);
    await sdk.refreshUser(tab.client);

    assert.deepEqual(await sdk.logout(reloaded.client), { revoked: true });
    assert.equal(browser.jar.size, 0);
    assert.ok((await rejection(sdk.refreshUser(tab.client))) instanceof sdk.SessionEndedError);
    assert.equal(tab.client.user, null);
  });

  it('is not that of whoever signed in in another tab', async () => {
    const browser = openBrowser();
    const [anns, bobs] = [browser.openTab(), browser.openTab()];
    await signIn(anns, newAddress('ann'));
    const reasons = [];
    sdk.onEvent({ event: 'signedOut', listener: ({ reason }) => reasons.push(reason) }, anns.client);
    await sdk.initializeClient(bobs.client);
    assert.equal(bobs.client.user.id, anns.client.user.id, 'a new tab has the session of the browser');
    await sdk.logout(bobs.client);
    await signIn(bobs, newAddress('bob'));
    const bob = bobs.client.user.id;
    assert.notEqual(bob, anns.client.user.id);

    const error = await rejection(sdk.createWallet({ chain: 'EVM' }, anns.client));
    assert.ok(error instanceof sdk.SessionEndedError);
    assert.deepEqual([anns.requests.at(-1).status, anns.client.user, reasons], [409, null, ['another-tab']]);
    assert.deepEqual(await sdk.getWallets(bobs.client), [], 'Ann made a wallet of Bob');
    assert.equal((await sdk.refreshUser(bobs.client)).id, bob);
  });

  it('nor ended by whoever signs out in a tab of the past', async () => {
    const browser = openBrowser();
    const [anns, bobs] = [browser.openTab(), browser.openTab()];
    await signIn(anns, newAddress('ann'));
    await sdk.initializeClient(bobs.client);
    await sdk.logout(bobs.client);
    await signIn(bobs, newAddress('bob'));
    assert.deepEqual(await sdk.logout(anns.client), { revoked: false });
    assert.equal(anns.client.user, null);
    await sdk.refreshUser(bobs.client);
  });

  for (const minutes of [-300, -10, 10, 300]) {
    it(`lives as long as it should on a machine whose clock is ${minutes} minutes off`, async () => {
      let passed = 0;
      const tab = openBrowser().openTab({ now: () => Date.now() + minutes * 60_000 + passed });
      await signIn(tab, newAddress());
      tab.requests.length = 0;
      passed = 50 * 60_000; // of the hour that it lives; the server's own clock stands
      await sdk.getWallets(tab.client);
      passed = 58 * 60_000;
      await sdk.getWallets(tab.client);
      assert.deepEqual(tab.requests.map(({ path }) => path), ['/waas', '/refresh', '/waas']);
    });
  }
});
