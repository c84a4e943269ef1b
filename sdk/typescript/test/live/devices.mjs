// Devices that users register, against a server of this tree that minds them.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { describe, it } from 'node:test';
import { build } from 'esbuild';
import * as sdk from '@stepup-auth/client';
import { appOrigin, newAddress, openApp, rejection, signedIn } from '../lib/app.mjs';
import { often, openBrowser } from '../lib/browser.mjs';
import { memory } from '../lib/fake.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** A key as a browser has one, that several clients may share. */
export const newDeviceKey = async () => {
  const { webcrypto } = await import('node:crypto');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const pair = await webcrypto.subtle.generateKey(algorithm, false, ['sign', 'verify']);
  const point = Buffer.from(await webcrypto.subtle.exportKey('raw', pair.publicKey));
  return {
    publicKey: () => (point.at(-1) % 2 ? '03' : '02') + point.subarray(1, 33).toString('hex'),
    sign: async (text) => Buffer.from(await webcrypto.subtle.sign(algorithm, pair.privateKey, Buffer.from(text))).toString('hex'),
  };
};

export const devices = (on) => {
  /** Signs in on a browser: a key, and storage that its tabs share. */
  const signIn = async (browser, email) => {
    const app = openApp(on.server, browser);
    await sdk.sendEmailOTP({ email }, app.client);
    await sdk.verifyOTP({ verificationToken: await on.mailbox.code(email) }, app.client);
    return app;
  };
  const newBrowser = async () => ({ deviceKey: await newDeviceKey(), storage: memory() });
  const linkFor = async (email) => {
    const { text } = await on.mailbox.notice(email);
    const url = /https?:\/\/\S+deviceRegistrationToken=\S+/.exec(text)?.[0];
    assert.ok(url, `no link in:\n${text}`);
    return url;
  };

  describe('registered devices', () => {
    it('are registered by the link, once, in the browser that asked', async () => {
      const email = newAddress();
      const first = await signIn(await newBrowser(), email);
      assert.equal(sdk.isDeviceRegistrationRequired(first.client.user), false, 'a new user');
      const browser = await newBrowser();
      const second = await signIn(browser, email);
      assert.equal(sdk.isDeviceRegistrationRequired(second.client.user), true);
      assert.equal((await rejection(sdk.getWallets(second.client))).code, 'device_registration_required');
      const check = await sdk.checkStepUpAuth({ scope: 'wallet:export' }, second.client);
      assert.deepEqual(check, { isRequired: true, credentials: [], reason: 'device_not_registered' });
      const ensured = await sdk.ensure('wallet:export', () => assert.fail('it ran'), second.client);
      assert.deepEqual([ensured.outcome, ensured.error.reason], ['unavailable', 'device_not_registered']);
      const url = await linkFor(email);
      assert.equal(new URL(url).origin, 'http://localhost:3000');
      assert.equal(sdk.detectDeviceRegistrationRedirect({ url }), true);
      const deviceToken = sdk.getDeviceRegistrationTokenFromUrl({ url });

      const other = await newBrowser();
      const third = await signIn(other, email);
      assert.equal((await rejection(sdk.completeDeviceRegistration({ deviceToken }, third.client))).code, 'invalid_device_registration');
      const nobody = openApp(on.server, await newBrowser());
      assert.equal((await rejection(sdk.completeDeviceRegistration({ deviceToken }, nobody.client))).code, 'user_not_authenticated');

      // The link opens a tab of its own.
      const heard = [];
      sdk.onEvent({ event: 'deviceRegistrationCompletedInAnotherTab', listener: ({ user }) => heard.push(`elsewhere ${user.email}`) }, second.client);
      const tab = openApp(on.server, browser);
      sdk.onEvent({ event: 'deviceRegistrationCompleted', listener: ({ user }) => heard.push(`here ${user.email}`) }, tab.client);
      const before = second.client.token;
      await Promise.all([sdk.completeDeviceRegistration({ deviceToken }, tab.client), sdk.completeDeviceRegistration({ deviceToken }, tab.client)]);
      assert.equal(tab.requests.filter((r) => r.path === '/deviceRegistration').length, 1, 'the link was used twice');
      assert.equal(sdk.isDeviceRegistrationRequired(tab.client.user), false);
      while (heard.length < 2) await new Promise((resolve) => setTimeout(resolve, 10));
      assert.deepEqual(heard, [`here ${email}`, `elsewhere ${email}`]);
      assert.notEqual(second.client.token, before);
      assert.equal((await sdk.getRegisteredDevices(second.client)).length, 2);
      const old = await on.server.call('GET', '/users', { authorization: `Bearer ${before}` });
      assert.equal(old.status, 401, 'the token of before');

      // Known again.
      await sdk.logout(second.client);
      assert.equal(sdk.isDeviceRegistrationRequired((await signIn(browser, email)).client.user), false);
    });

    it('sign each call that wants it, and are renewed and stepped up with', async () => {
      const app = await signedIn(on.server, on.mailbox, await newBrowser());
      await sdk.refreshAuth(app.client);
      await app.stepUp('wallet:export');
      assert.ok(app.token('wallet:export'));
      const signed = app.requests.filter((r) => r.headers['x-dynamic-device-nonce']);
      assert.deepEqual([...new Set(signed.map((r) => r.path))], ['/emailVerifications/signin', '/refresh', '/emailVerifications/verify']);
      assert.equal(new Set(signed.map((r) => r.headers['x-dynamic-device-nonce'])).size, signed.length, 'a nonce was used twice');
    });

    it('are listed, and revoked one or all', async () => {
      const email = newAddress();
      const app = await signIn(await newBrowser(), email);
      const [device] = await sdk.getRegisteredDevices(app.client);
      assert.equal(device.isCurrentDevice, true);
      assert.ok(device.createdAt instanceof Date && device.lastUsedAt instanceof Date);
      assert.equal((await rejection(sdk.revokeRegisteredDevice({ deviceRegistrationId: 'nobody' }, app.client))).code, 'device_registration_not_found');
      const reasons = [];
      sdk.onEvent({ event: 'signedOut', listener: ({ reason }) => reasons.push(reason) }, app.client);
      await sdk.revokeRegisteredDevice({ deviceRegistrationId: device.id }, app.client);
      assert.equal(app.client.user, null);
      const again = await signedIn(on.server, on.mailbox, await newBrowser());
      sdk.onEvent({ event: 'signedOut', listener: ({ reason }) => reasons.push(reason) }, again.client);
      await sdk.revokeAllRegisteredDevices(again.client);
      assert.equal(again.client.user, null);
      assert.deepEqual(reasons, ['device-revoked', 'all-devices-revoked']);
    });

    it('are told by a key of their own where none is given', async () => {
      const email = newAddress();
      const app = await signIn({}, email);
      assert.equal(sdk.isDeviceRegistrationRequired(app.client.user), false);
      await sdk.logout(app.client);
      await sdk.sendEmailOTP({ email }, app.client);
      await sdk.verifyOTP({ verificationToken: await on.mailbox.code(email) }, app.client);
      assert.equal(sdk.isDeviceRegistrationRequired(app.client.user), false, 'the same process');
      assert.equal(sdk.isDeviceRegistrationRequired((await signIn({}, email)).client.user), true, 'another client');
    });
  });

  describe('registered devices in a browser', () => {
    /** What the browser keeps of its key, and what comes of taking the private half out. */
    const keptKey = (tab) => tab.evaluate(async () => {
      const done = (request) => new Promise((resolve, reject) => Object.assign(request, { onsuccess: () => resolve(request.result), onerror: () => reject(request.error) }));
      const database = await done(indexedDB.open('stepup'));
      const pairs = await done(database.transaction('deviceKeys').objectStore('deviceKeys').getAll());
      database.close();
      const [{ publicKey, privateKey }] = pairs;
      const taken = await Promise.all(['jwk', 'pkcs8'].map((format) => crypto.subtle.exportKey(format, privateKey).then(() => 'taken', (error) => error.name)));
      const { x, y } = await crypto.subtle.exportKey('jwk', publicKey);
      return { count: pairs.length, extractable: privateKey.extractable, taken, point: `${x} ${y}` };
    });

    it('are a key that stays over a reload, that no script takes out, and that no other profile has', async () => {
      const entry = { contents: `import * as sdk from '@stepup-auth/client'; globalThis.sdk = sdk;`, resolveDir: root };
      const { outputFiles } = await build({ stdin: entry, bundle: true, format: 'esm', platform: 'browser', write: false });
      const { browser, close } = await openBrowser((request, response) => {
        const [type, body] = request.url === '/sdk.js' ? ['text/javascript', outputFiles[0].text] : ['text/html', '<!doctype html><title>App</title><script type="module" src="/sdk.js"></script>'];
        response.writeHead(200, { 'content-type': type }).end(body);
      });
      try {
        const open = async (tab, url) => {
          await tab.goto(url);
          await tab.waitForFunction(() => globalThis.sdk, null, often);
          await tab.evaluate(({ environmentId, apiBaseUrl }) => {
            sdk.createStepUpClient({ environmentId, apiBaseUrl, storage: localStorage });
            return sdk.initializeClient().then(() => {});
          }, { environmentId: on.server.environment, apiBaseUrl: on.server.apiBase });
          return tab;
        };
        const newProfile = async () => open(await (await browser.newContext()).newPage(), appOrigin);
        const waits = (tab) => tab.evaluate(() => sdk.isDeviceRegistrationRequired(sdk.getDefaultClient().user));
        const signInOn = async (tab, address) => {
          await tab.evaluate((email) => sdk.sendEmailOTP({ email }).then(() => {}), address);
          await tab.evaluate((verificationToken) => sdk.verifyOTP({ verificationToken }).then(() => {}), await on.mailbox.code(address));
          return waits(tab);
        };
        const email = newAddress();
        await signIn(await newBrowser(), email); // the user's first device
        const tab = await newProfile();
        assert.equal(await signInOn(tab, email), true, 'a new profile');
        const key = await keptKey(tab);
        assert.deepEqual({ ...key, point: '' }, { count: 1, extractable: false, taken: ['InvalidAccessError', 'InvalidAccessError'], point: '' });

        await open(tab, await linkFor(email)); // in the tab that waits: the page is loaded anew
        await tab.evaluate(() => sdk.completeDeviceRegistration({ deviceToken: sdk.getDeviceRegistrationTokenFromUrl({ url: location.href }) }).then(() => {}));
        assert.equal(await waits(tab), false, 'registered');
        assert.deepEqual(await keptKey(tab), key, 'over a reload');
        await tab.evaluate(() => sdk.logout());
        await open(tab, appOrigin);
        assert.equal(await signInOn(tab, email), false, 'known again');
        assert.deepEqual(await keptKey(tab), key);

        const other = await newProfile();
        assert.equal(await signInOn(other, email), true, 'another profile');
        assert.notEqual((await keptKey(other)).point, key.point);
      } finally {
        await close();
      }
    });
  });

  describe('parseUserAgent', () => {
    it('says what people would', () => {
      const chrome = 'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/140.0.0.0 Safari/537.36';
      const safari = 'Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.0 Mobile/15E148 Safari/604.1';
      assert.deepEqual(sdk.parseUserAgent({ userAgent: chrome }), { displayText: 'Chrome on Linux', type: 'desktop' });
      assert.deepEqual(sdk.parseUserAgent({ userAgent: safari }), { displayText: 'Safari on iPhone', type: 'mobile' });
      assert.deepEqual(sdk.parseUserAgent({ userAgent: 'Mozilla/5.0 (Windows NT 10.0) Gecko/20100101 Firefox/140.0' }), { displayText: 'Firefox on Windows', type: 'desktop' });
      for (const userAgent of ['', ' ', 'node', '<script>']) assert.equal(sdk.parseUserAgent({ userAgent }), null);
    });
  });
};
