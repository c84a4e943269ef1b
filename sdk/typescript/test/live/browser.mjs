// The client in a real browser: cross-origin calls, passkeys of a virtual authenticator, tabs, windows, under a strict policy.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'node:test';
import { build } from 'esbuild';
import { appOrigin, claimsOf, newAddress } from '../lib/app.mjs';
import { often, openBrowser } from '../lib/browser.mjs';

const page = '<!doctype html><title>App</title><script type="module" src="/sdk.js"></script><button>go</button>';
const root = fileURLToPath(new URL('../..', import.meta.url));

export const browserTests = (on) => {
  describe('a browser', () => {
    let browser;
    let close;
    let script;
    before(async () => {
      const entry = { contents: `import * as sdk from '@stepup-auth/client'; globalThis.sdk = sdk;`, resolveDir: root };
      const { outputFiles } = await build({ stdin: entry, bundle: true, format: 'esm', platform: 'browser', write: false });
      script = outputFiles[0].text;
      ({ browser, close } = await openBrowser((request, response) => {
        if (request.url === '/sdk.js') return response.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
        const policy = `default-src 'none'; script-src 'self'; connect-src ${on.server.origin}; base-uri 'none'; require-trusted-types-for 'script'`;
        return response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': policy }).end(page);
      }));
    });
    after(() => close?.());

    /** A new profile of the browser, in which each openTab() is a tab of the app. */
    const openProfile = async () => {
      const context = await browser.newContext();
      const problems = [];
      const openTab = async () => {
        const tab = await context.newPage();
        tab.on('pageerror', (error) => problems.push(String(error)));
        tab.on('console', (message) => problems.push(message.text()));
        const open = async () => {
          await tab.goto(appOrigin);
          await tab.waitForFunction(() => globalThis.sdk, null, often);
          await tab.evaluate(
            ({ environmentId, apiBaseUrl }) => void sdk.createStepUpClient({ environmentId, apiBaseUrl, storage: localStorage }),
            { environmentId: on.server.environment, apiBaseUrl: on.server.apiBase },
          );
        };
        await open();
        return Object.assign(tab, { reopen: open });
      };
      return { context, openTab, problems };
    };

    const signIn = async (tab) => {
      const email = newAddress();
      await tab.evaluate((address) => sdk.sendEmailOTP({ email: address }), email);
      await tab.evaluate((verificationToken) => sdk.verifyOTP({ verificationToken }), await on.mailbox.code(email));
      return email;
    };
    const stepUp = async (tab, email, scope) => {
      await tab.evaluate(({ address, requestedScopes }) => sdk.sendEmailOTP({ email: address, requestedScopes }), { address: email, requestedScopes: [scope] });
      await tab.evaluate((verificationToken) => sdk.verifyOTP({ verificationToken }), await on.mailbox.code(email));
    };
    const held = (tab, scope) => tab.evaluate((s) => sdk.getElevatedAccessToken({ scope: s, consume: false }) ?? null, scope);
    const user = (tab) => tab.evaluate(() => sdk.getDefaultClient().user?.id ?? null);

    it('signs in and steps up from another origin, over a reload, under a strict policy, and logs nothing', async () => {
      const { context, openTab, problems } = await openProfile();
      const tab = await openTab();
      const email = await signIn(tab);
      await stepUp(tab, email, 'credential:link');
      const token = await held(tab, 'credential:link');
      assert.equal(claimsOf(token).scope, 'credential:link');
      await tab.reopen();
      await tab.evaluate(() => sdk.initializeClient());
      assert.equal(await held(tab, 'credential:link'), token);
      assert.equal(await tab.evaluate(() => sdk.registerTotpMfaDevice().then((device) => device.type)), 'totp');
      const refused = await tab.evaluate(() => sdk.deleteUser().catch((error) => [error instanceof sdk.StepUpRequiredError, error.code, error.scope, error.status, typeof error.requestId]));
      assert.deepEqual(refused, [true, 'elevated_access_token_required', 'user:delete', 403, 'string']);
      await tab.evaluate(() => sdk.logout());
      assert.equal(await tab.evaluate(() => localStorage.length), 0);
      assert.deepEqual(problems.filter((text) => !/status of 403/.test(text)), []);
      await context.close();
    });

    it('keeps the refusal from a page whose origin is not listed, which is told what that may mean', async () => {
      const context = await browser.newContext();
      const tab = await context.newPage();
      const stranger = 'http://localhost:4000';
      await tab.goto(stranger);
      await tab.waitForFunction(() => globalThis.sdk, null, often);
      const logged = [];
      tab.on('console', (message) => logged.push(message.text()));
      const refused = await tab.evaluate(({ environmentId, apiBaseUrl }) => {
        sdk.createStepUpClient({ environmentId, apiBaseUrl });
        return sdk.sendEmailOTP({ email: 'ada@example.com' }).catch((error) => [error instanceof sdk.NetworkError, error.status, error.message]);
      }, { environmentId: on.server.environment, apiBaseUrl: on.server.apiBase });
      assert.deepEqual(refused, [true, undefined, `The server could not be reached at ${on.server.apiBase}, or this page's origin is not among the environment's origins: ${stranger}.`]);
      assert.ok(logged.some((text) => /blocked by CORS policy/.test(text)), logged.join('\n'));
      const program = await on.server.call('POST', '/emailVerifications/create', { origin: stranger, body: { email: 'ada@example.com' } });
      assert.deepEqual([program.status, program.body.code], [403, 'origin_not_allowed']);
      await context.close();
    });

    it('makes passkeys, steps up and signs in with them, right after a tap', async () => {
      const { context, openTab } = await openProfile();
      const tab = await openTab();
      const email = await signIn(tab);
      const cdp = await context.newCDPSession(tab);
      await cdp.send('WebAuthn.enable', { enableUI: false });
      const { authenticatorId } = await cdp.send('WebAuthn.addVirtualAuthenticator', { options: {
        protocol: 'ctap2', ctap2Version: 'ctap2_1', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true,
      } });
      assert.equal(await tab.evaluate(() => sdk.registerPasskey().catch((error) => error.code)), 'elevated_access_token_required');
      assert.equal((await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials.length, 0, 'a passkey that nobody takes');
      await stepUp(tab, email, 'credential:link');
      await tab.evaluate(() => sdk.registerPasskey());
      assert.equal((await cdp.send('WebAuthn.getCredentials', { authenticatorId })).credentials.length, 1);
      await tab.evaluate(async () => {
        await sdk.preparePasskeyMFA();
        document.querySelector('button').onclick = () => { globalThis.done = sdk.authenticatePasskeyMFA({ requestedScopes: ['wallet:export'] }); };
      });
      await tab.click('button');
      await tab.evaluate(() => globalThis.done);
      assert.equal(claimsOf(await held(tab, 'wallet:export')).acr, 'urn:stepup:phr');
      await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: false });
      const code = await tab.evaluate(() => sdk.authenticatePasskeyMFA({ requestedScopes: ['wallet:sign'] }).catch((error) => error.code));
      assert.equal(code, 'passkey_cancelled');
      await cdp.send('WebAuthn.setUserVerified', { authenticatorId, isUserVerified: true });
      const before = await user(tab);
      await tab.evaluate(() => sdk.logout());
      await tab.evaluate(() => sdk.signInWithPasskey());
      assert.equal(await user(tab), before);
      await context.close();
    });

    it('is one session in all tabs: one renewal, one prompt, one end', async () => {
      const { context, openTab } = await openProfile();
      const [first, second] = [await openTab(), await openTab()];
      await second.evaluate(() => sdk.initializeClient());
      const email = await signIn(first);
      await second.waitForFunction(() => sdk.getDefaultClient().user, null, often);
      const renewals = [];
      context.on('request', (request) => { if (request.url().endsWith('/refresh') && request.method() === 'POST') renewals.push(request); });
      let answer;
      const allAsked = new Promise((resolve) => { answer = resolve; });
      await context.route('**/refresh', async (route) => { await allAsked; await route.continue(); });
      for (const tab of [first, second, first]) { // all have asked before the first is answered
        await tab.evaluate(() => { (globalThis.renewed ??= []).push(sdk.refreshAuth()); });
      }
      answer();
      await Promise.all([first, second].map((tab) => tab.evaluate(() => Promise.all(globalThis.renewed).then(() => {}))));
      assert.equal(renewals.length, 1);
      assert.equal(await first.evaluate(() => sdk.getDefaultClient().token), await second.evaluate(() => sdk.getDefaultClient().token));

      for (const tab of [first, second]) {
        await tab.evaluate((address) => {
          globalThis.prompts = 0;
          sdk.registerStepUpPrompt({
            prompt: async ({ requestedScopes }) => {
              globalThis.prompts += 1;
              await sdk.sendEmailOTP({ email: address, requestedScopes });
              await sdk.verifyOTP({ verificationToken: await new Promise((resolve) => { globalThis.type = resolve; }) });
            },
          });
          globalThis.asked = sdk.promptStepUpAuth({ requestedScopes: ['credential:unlink'] });
        }, email);
      }
      const code = await on.mailbox.code(email);
      await Promise.any([first, second].map((tab) => tab.waitForFunction(() => globalThis.type, null, often)));
      for (const tab of [first, second]) await tab.evaluate((text) => globalThis.type?.(text), code);
      const tokens = await Promise.all([first, second].map((tab) => tab.evaluate(() => globalThis.asked)));
      assert.equal(tokens[0], tokens[1]);
      assert.equal(await first.evaluate(() => globalThis.prompts) + await second.evaluate(() => globalThis.prompts), 1);

      await first.evaluate(() => sdk.logout());
      await second.waitForFunction(() => sdk.getDefaultClient().user === null, null, often);
      await context.close();
    });

    it('logs in elsewhere in a window of its own, or by going there and back', async () => {
      const { context, openTab } = await openProfile();
      const tab = await openTab();
      on.world.logIn(on.world.somebody());
      await tab.evaluate(() => {
        document.querySelector('button').onclick = () => { globalThis.done = sdk.signInWithSocialPopUp({ provider: 'github' }); };
      });
      const opened = context.waitForEvent('page');
      await tab.click('button');
      const popup = await opened;
      const closed = popup.waitForEvent('close');
      await tab.evaluate(() => globalThis.done);
      await closed;
      const id = await user(tab);
      assert.ok(id);

      await tab.evaluate((redirectUrl) => void sdk.signInWithSocialRedirect({ provider: 'github', redirectUrl, requestedScopes: ['wallet:export'] }), `${appOrigin}/after`);
      await tab.waitForURL(`${appOrigin}/after?**`);
      const url = tab.url();
      await tab.reopen();
      await tab.evaluate((address) => sdk.completeSocialRedirect({ url: address }), url);
      assert.equal(claimsOf(await held(tab, 'wallet:export')).acr, 'urn:stepup:federated');
      await context.close();
    });
  });
};
