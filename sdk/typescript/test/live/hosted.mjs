// The page of a hosted prompt in a real browser: every method, from the app and back to a token, and attacks on the way.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'node:test';
import { build } from 'esbuild';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { appOrigin, claimsOf, newAddress } from '../lib/app.mjs';
import { openAuthenticator } from '../lib/authenticator.mjs';
import { often, openBrowser } from '../lib/browser.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const redirectUri = `${appOrigin}/back`;

export const hostedTests = (on) => {
  describe('the hosted prompt', () => {
    let browser;
    let close;
    let documented; // what stands at the redirectUri, if it is no page on the client
    before(async () => {
      const entry = { contents: `import * as sdk from '@stepup-auth/client'; globalThis.sdk = sdk;`, resolveDir: root };
      const { outputFiles: [{ text: script }] } = await build({ stdin: entry, bundle: true, format: 'esm', platform: 'browser', write: false });
      const port = new URL(on.server.origin).port;
      ({ browser, close } = await openBrowser((request, response) => {
        if (request.headers.host === `localhost:${port}`) { // the server, under the name at which its passkeys are good
          const onward = http.request({ host: '127.0.0.1', port, path: request.url, method: request.method, headers: request.headers }, (answer) => {
            response.writeHead(answer.statusCode, answer.headers);
            answer.pipe(response);
          });
          onward.on('error', () => response.destroy());
          return request.pipe(onward);
        }
        if (documented && request.url.startsWith('/back')) return response.writeHead(200, { 'content-type': 'text/html' }).end(documented);
        if (request.url === '/sdk.js') return response.writeHead(200, { 'content-type': 'text/javascript' }).end(script);
        const policy = `default-src 'none'; script-src 'self'; connect-src ${on.server.origin}; frame-src *; base-uri 'none'`;
        return response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': policy })
          .end('<!doctype html><title>App</title><script type="module" src="/sdk.js"></script><button>go</button>');
      }));
    });
    after(() => close?.());

    /** An app's tab with somebody signed in; what its pages complain about is kept. */
    const openApp = async (signIn) => {
      const context = await browser.newContext({ viewport: { width: 390, height: 780 } });
      const tab = await context.newPage();
      const problems = [];
      tab.on('pageerror', (error) => problems.push(String(error)));
      tab.on('console', (message) => problems.push(message.text()));
      const open = async (url) => {
        if (url) await tab.goto(url);
        await tab.waitForFunction(() => globalThis.sdk, null, often);
        await tab.evaluate(({ environmentId, apiBaseUrl }) => {
          const navigate = async (url) => { // browsers tell nobody of the fragment
            await globalThis.went(url);
            location.assign(url);
          };
          sdk.createStepUpClient({ environmentId, apiBaseUrl, storage: localStorage, navigate });
        }, { environmentId: on.server.environment, apiBaseUrl: on.server.apiBase });
      };
      const app = { context, tab, problems, open };
      await context.exposeFunction('went', (url) => { app.link = url; });
      await open(appOrigin);
      return Object.assign(app, await signIn(app));
    };
    const byMail = async ({ tab }) => {
      const email = newAddress();
      await tab.evaluate((address) => sdk.sendEmailOTP({ email: address }).then(() => {}), email);
      await tab.evaluate((verificationToken) => sdk.verifyOTP({ verificationToken }).then(() => {}), await on.mailbox.code(email));
      const stepUp = async (scope) => {
        await tab.evaluate((params) => sdk.sendEmailOTP(params).then(() => {}), { email, requestedScopes: [scope] });
        await tab.evaluate((verificationToken) => sdk.verifyOTP({ verificationToken }).then(() => {}), await on.mailbox.code(email));
      };
      return { email, stepUp };
    };
    const withApp = async (app) => {
      const { email, stepUp } = await byMail(app);
      await stepUp('credential:link');
      const device = await app.tab.evaluate(() => sdk.registerTotpMfaDevice().then(({ id, uri }) => ({ id, uri })));
      const code = openAuthenticator(device.uri);
      await app.tab.evaluate((params) => sdk.authenticateTotpMfaDevice(params).then(() => {}), { code: code(0), deviceId: device.id });
      return { email, stepUp, code };
    };

    /** Sends the tab to the prompt, and answers the address that it was sent to. */
    const begin = async (app, more = {}) => {
      const { tab } = app;
      await tab.evaluate((params) => { setTimeout(() => sdk.promptStepUpAuthRedirect(params)); },
        { requestedScopes: ['wallet:export'], redirectUri, ...more });
      await tab.waitForSelector('stepup-prompt');
      return app.link;
    };
    const way = (tab, name) => tab.getByRole('button', { name }).first().click();
    const type = (tab, code) => tab.getByRole('textbox').fill(code);
    /** What the app gets when the browser has come back. */
    const finish = async ({ tab, open }) => {
      await tab.waitForURL(`${redirectUri}?**`);
      const url = tab.url();
      await open();
      const result = await tab.evaluate((address) => sdk.completeStepUpAuthRedirect({ url: address }).then((token) => ({ token }), (error) => ({ code: error.code, message: error.message })), url);
      return { url: new URL(url), ...result };
    };
    const proven = async (app, acr) => {
      const { token, code } = await finish(app);
      assert.equal(code, undefined);
      assert.deepEqual([claimsOf(token).scope, claimsOf(token).acr], ['wallet:export', acr]);
      assert.deepEqual(app.problems.filter((text) => !/status of 4\d\d/.test(text)), []);
      await app.context.close();
    };

    it('takes the code of an authenticator app, after a reload too, and says who asked for what from where', async () => {
      const app = await openApp(withApp);
      const { tab } = app;
      const requests = [];
      tab.on('request', (request) => requests.push(request));
      await begin(app);
      assert.match(tab.url(), /\/prompt\/[0-9a-f-]{36}\/[^/#?]+$/, 'the address bar is not clear');
      await tab.getByText('Conformance').first().waitFor();
      for (const text of [app.email, '127.0.0.1', 'Chrome', 'Linux', 'Reveal the private key of a wallet']) assert.ok((await tab.getByText(text).count()) > 0, `${text} is not shown`);
      const [cookie, ...others] = (await app.context.cookies(tab.url())).filter(({ name }) => name.startsWith('stepup-prompt-'));
      assert.deepEqual([cookie.httpOnly, cookie.sameSite, cookie.domain, cookie.path, others.length], [true, 'Strict', 'localhost', '/', 0]);
      assert.equal(await tab.evaluate(() => document.cookie), '');
      await tab.reload();
      await tab.getByRole('textbox').waitFor();
      await type(tab, '000000');
      await tab.getByText('That code is wrong.').waitFor();
      await type(tab, app.code(1));
      await tab.waitForURL(`${redirectUri}?**`);
      for (const request of requests) assert.ok(!/prompt/.test((await request.allHeaders()).referer), `${request.url()} was told of the prompt`);
      await tab.goBack().catch(() => null); // the page of the prompt has left nothing to go back to
      assert.ok(!tab.url().includes('/prompt/'), tab.url());
      await tab.goForward();
      await proven(app, 'urn:stepup:mfa');
    });

    it('takes a passkey', async () => {
      const app = await openApp(byMail);
      const { tab, context } = app;
      const cdp = await context.newCDPSession(tab);
      await cdp.send('WebAuthn.enable', { enableUI: false });
      await cdp.send('WebAuthn.addVirtualAuthenticator', { options: {
        protocol: 'ctap2', ctap2Version: 'ctap2_1', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true,
      } });
      await app.stepUp('credential:link');
      await tab.evaluate(() => sdk.registerPasskey().then(() => {}));
      await begin(app);
      await way(tab, 'Use passkey');
      await proven(app, 'urn:stepup:phr');
    });

    it('takes a code by mail', async () => {
      const app = await openApp(byMail);
      await begin(app);
      await way(app.tab, 'Send code');
      await type(app.tab, await on.mailbox.code(app.email));
      await proven(app, 'urn:stepup:reauth');
    });

    it('takes a recovery code', async () => {
      const app = await openApp(withApp);
      const code = await app.tab.evaluate(() => sdk.getMfaRecoveryCodes().then(({ recoveryCodes }) => recoveryCodes[0]));
      await begin(app);
      await way(app.tab, 'Try another way');
      await way(app.tab, /Recovery code/);
      await type(app.tab, code);
      await way(app.tab, 'Confirm');
      await proven(app, 'urn:stepup:mfa');
    });

    it('takes the signature of a wallet in the browser', async () => {
      const account = privateKeyToAccount(generatePrivateKey());
      const app = await openApp(async ({ context, tab }) => {
        await context.exposeFunction('signByWallet', (hex) => account.signMessage({ message: { raw: hex } }));
        await context.addInitScript((address) => {
          const request = async ({ method, params }) => (method === 'personal_sign' ? globalThis.signByWallet(params[0]) : [address]);
          const announce = () => dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail: Object.freeze({ info: { uuid: 'u', name: 'Test wallet' }, provider: { request } }) }));
          addEventListener('eip6963:requestProvider', announce);
        }, account.address);
        await tab.evaluate((address) => sdk.verifyWalletAccount({ walletAccount: {
          address, chain: 'EVM', walletName: 'Test wallet',
          signMessage: ({ message }) => globalThis.signByWallet(`0x${Array.from(new TextEncoder().encode(message), (byte) => byte.toString(16).padStart(2, '0')).join('')}`),
        } }).then(() => {}), account.address);
        return {};
      });
      await begin(app);
      await way(app.tab, /Sign with Test wallet/);
      await proven(app, 'urn:stepup:reauth');
    });

    it('takes a login at a provider, by going there', async () => {
      on.world.logIn(on.world.somebody());
      const app = await openApp(async ({ tab, context, open }) => {
        const opened = context.waitForEvent('page');
        await tab.evaluate(({ environmentId, apiBaseUrl }) => { // nobody closes the window but its last page itself
          const openPopup = () => {
            const popup = open('about:blank', '_blank', 'popup');
            return { navigate: (url) => popup.location.replace(url), isClosed: () => false, close: () => {} };
          };
          const client = sdk.createStepUpClient({ environmentId, apiBaseUrl, storage: localStorage, openPopup });
          document.querySelector('button').onclick = () => { globalThis.done = sdk.signInWithSocialPopUp({ provider: 'github' }, client); };
        }, { environmentId: on.server.environment, apiBaseUrl: on.server.apiBase });
        await tab.click('button');
        const popup = await opened;
        if (!popup.isClosed()) await popup.waitForEvent('close');
        await tab.evaluate(() => globalThis.done.then(() => {}));
        await tab.reload();
        await open();
        return {};
      });
      await begin(app);
      await way(app.tab, /Continue with/);
      await proven(app, 'urn:stepup:federated');
    });

    it('enrols an authenticator app where the app allows it, and takes its next code', async () => {
      const app = await openApp(byMail);
      const { tab } = app;
      await begin(app, { enrol: true });
      await way(tab, 'Try another way');
      await way(tab, /Set up a new way/);
      await way(tab, /Set up an authenticator app/);
      await way(tab, 'Send code');
      await type(tab, await on.mailbox.code(app.email));
      await tab.getByRole('img', { name: /QR code/ }).waitFor();
      const secret = (await tab.locator('code').first().textContent()).replaceAll(/\s/g, '');
      const code = openAuthenticator(`otpauth://totp/x?secret=${secret}&digits=6&period=30&algorithm=SHA1`);
      await type(tab, code(0));
      await tab.getByText('Now confirm with the next code').waitFor();
      await type(tab, code(1));
      await proven(app, 'urn:stepup:mfa');
    });

    it('tells the app that the user gave up', async () => {
      const app = await openApp(withApp);
      await begin(app);
      await way(app.tab, 'Cancel and close');
      const { url, code } = await finish(app);
      assert.deepEqual([url.searchParams.get('error'), url.searchParams.has('code'), code], ['access_denied', false, 'step_up_cancelled']);
      await app.context.close();
    });

    it('serves the page of docs/hosted-prompt.md, which has no client', async () => {
      const app = await openApp(withApp);
      const { tab, code } = app;
      const [, html] = /```html\n([\s\S]*?)```/.exec(readFileSync(`${root}../../docs/hosted-prompt.md`, 'utf8'));
      documented = html.replace(/'http:\/\/127[^']*'/, JSON.stringify(on.server.issuer)).replace('order:pay', 'wallet:export');
      try {
        await tab.evaluate(() => sessionStorage.setItem('session', sdk.getDefaultClient().token));
        for (const [act, said] of [
          [() => way(tab, 'Cancel and close'), 'You did not confirm it.'],
          [() => type(tab, code(1)), /^Confirmed with a token of \d{3,} characters\.$/],
        ]) {
          await tab.goto(redirectUri);
          await tab.getByRole('button', { name: 'Pay' }).click();
          await tab.waitForSelector('stepup-prompt');
          await act();
          await tab.getByText(said).waitFor();
          assert.equal(tab.url(), redirectUri);
        }
        await tab.goto(`${redirectUri}?code=x&state=y&iss=z`);
        await tab.getByText('This is no answer to what this page asked.').waitFor();
      } finally {
        documented = undefined;
      }
      await app.context.close();
    });

    it('opens in one browser alone, in all of its tabs, and once', async () => {
      const app = await openApp(withApp);
      const { tab, context } = app;
      const link = await begin(app);
      assert.match(link, /#./);
      const elsewhere = await browser.newContext();
      const stolen = await elsewhere.newPage();
      await stolen.goto(link);
      await stolen.getByText('This link is not open here').waitFor();
      assert.ok(!(await stolen.locator('stepup-prompt').evaluate((e) => e.shadowRoot.textContent)).includes(app.email));
      assert.ok(!stolen.url().includes('#'));
      await elsewhere.close();
      const second = await context.newPage();
      await second.goto(link);
      await second.getByRole('textbox').waitFor();
      await type(tab, app.code(1));
      await tab.waitForURL(`${redirectUri}?**`);
      await type(second, app.code(1));
      await second.getByText('or has been used').waitFor();
      await second.reload();
      await second.getByText('or has been used').waitFor();
      await second.close();
      await proven(app, 'urn:stepup:mfa');
    });

    it('lets nobody frame it, and gives the sender of a link nothing', async () => {
      const sender = await openApp(withApp);
      const link = await sender.tab.evaluate(async (params) => { // kept from going there
        const { environmentId, apiBaseUrl } = sdk.getDefaultClient();
        const client = sdk.createStepUpClient({ environmentId, apiBaseUrl, storage: localStorage, navigate: (url) => { globalThis.link = url; } });
        await sdk.promptStepUpAuthRedirect(params, client);
        return globalThis.link;
      }, { requestedScopes: ['wallet:export'], redirectUri });
      const victim = await openApp(withApp);
      await victim.tab.evaluate((src) => new Promise((resolve) => {
        const frame = document.body.appendChild(document.createElement('iframe'));
        frame.onload = resolve;
        frame.src = src;
      }), link);
      assert.ok(victim.problems.some((text) => /frame/i.test(text)), victim.problems.join('\n'));
      await victim.tab.goto(link);
      await victim.tab.getByText(sender.email).first().waitFor(); // whose account it is, is there to see
      await type(victim.tab, victim.code(1)); // the victim's own code proves nothing of the sender
      await victim.tab.getByText('That code is wrong.').waitFor();
      await victim.context.close();
      await sender.context.close();
    });
  });
};
