// The frame that shows an exported key, in a real browser, by the upgrade guide's code: what the user sees is the wallet's key, and the
// page around it never gets it.
import assert from 'node:assert/strict';
import { fileURLToPath } from 'node:url';
import { after, before, describe, it } from 'node:test';
import { build } from 'esbuild';
import { privateKeyToAccount } from 'viem/accounts';
import { appOrigin, newAddress } from '../lib/app.mjs';
import { openAuthenticator } from '../lib/authenticator.mjs';
import { often, openBrowser } from '../lib/browser.mjs';
import { guideOf, majors } from '../lib/react.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const stranger = 'http://localhost:4000';

const entries = {
  client: `
    import * as sdk from '@stepup-auth/client';
    import { exportKey as after } from './test/guide/after-totp.mjs';
    import { exportKey as before } from './test/guide/before-totp.mjs';
    Object.assign(globalThis, { sdk, guide: { after, before } });`,
  react: `
    import * as sdk from '@stepup-auth/client';
    import { createElement, StrictMode } from 'react';
    import { createRoot } from 'react-dom/client';
    import { StepUpProvider, usePrimaryWallet } from '@stepup-auth/react';
    import { ExportKey as after } from './test/guide/react/after-totp.jsx';
    import { ExportKey as before } from './test/guide/react/before-totp.jsx';
    const components = { after, before };
    const Export = ({ when, code }) => {
      const primaryWallet = usePrimaryWallet();
      return primaryWallet && createElement(components[when], {
        code,
        exportPrivateKey: () => primaryWallet.exportWaasPrivateKey(),
        ended: (promise) => { globalThis.done = promise; promise.catch(() => {}); },
      });
    };
    globalThis.sdk = sdk;
    globalThis.draw = (when, code) => createRoot(document.querySelector('main'))
      .render(createElement(StrictMode, null, createElement(StepUpProvider, { client: sdk.getDefaultClient() }, createElement(Export, { when, code }))));`,
};

const bundle = async (contents, alias = {}) => {
  const options = { bundle: true, format: 'esm', platform: 'browser', jsx: 'automatic', write: false, logLevel: 'silent', define: { 'process.env.NODE_ENV': '"production"' } };
  const { outputFiles } = await build({ ...options, stdin: { contents, resolveDir: root }, alias, plugins: [guideOf] });
  return outputFiles[0].text;
};

export const revealTests = (on) => {
  const { version } = on;
  describe('the frame that shows a key', () => {
    let browser;
    let close;
    let scripts;
    let policy;
    before(async () => {
      const [client, ...ofReact] = await Promise.all([bundle(entries.client), ...Object.values(majors).map((alias) => bundle(entries.react, alias))]);
      scripts = { client, ...Object.fromEntries(Object.keys(majors).map((major, i) => [`react${major}`, ofReact[i]])) };
      policy = `default-src 'none'; script-src 'self'; connect-src ${on.server.origin}; frame-src ${on.server.origin}; base-uri 'none'; require-trusted-types-for 'script'`;
      ({ browser, close } = await openBrowser((request, response) => {
        const name = /^\/(\w+)\.js$/.exec(request.url)?.[1];
        if (name) return response.writeHead(200, { 'content-type': 'text/javascript' }).end(scripts[name]);
        const headers = { 'content-type': 'text/html', 'content-security-policy': request.url.endsWith('?unframed') ? policy.replace(/frame-src [^;]*; /, '') : policy };
        return response.writeHead(200, headers).end(`<!doctype html><title>App</title><main></main><script type="module" src="${request.url.split('?')[0]}.js"></script>`);
      }));
    });
    after(() => close?.());

    /** An app's page with a user signed in, who has an authenticator app and a wallet; code(n) is one of the next codes. */
    const openApp = async (name, { search = '', chain = 'EVM' } = {}) => {
      const context = await browser.newContext({ permissions: ['clipboard-read', 'clipboard-write'] });
      const tab = await context.newPage();
      const problems = [];
      tab.on('pageerror', (error) => problems.push(String(error)));
      tab.on('console', (message) => problems.push(message.text()));
      await tab.addInitScript(() => {
        globalThis.heard = [];
        addEventListener('message', ({ data }) => globalThis.heard.push(data));
        const { postMessage } = MessagePort.prototype; // what the page could see of the frame's port
        Object.defineProperty(MessagePort.prototype, 'onmessage', {
          set(listener) { this.addEventListener('message', (event) => { globalThis.heard.push(event.data); listener(event); }); this.start(); },
        });
        MessagePort.prototype.postMessage = function (data, ...more) { globalThis.heard.push(data); return postMessage.call(this, data, ...more); };
      });
      await tab.goto(`${appOrigin}/${name}${search}`);
      await tab.waitForFunction(() => globalThis.sdk, null, often);
      const email = newAddress();
      await tab.evaluate(async ({ environmentId, apiBaseUrl, address }) => {
        sdk.createStepUpClient({ environmentId, apiBaseUrl });
        await sdk.sendEmailOTP({ email: address });
      }, { environmentId: on.server.environment, apiBaseUrl: on.server.apiBase, address: email });
      await tab.evaluate((verificationToken) => sdk.verifyOTP({ verificationToken }).then(() => {}), await on.mailbox.code(email));
      if (version !== '2026_01_01') {
        await tab.evaluate((address) => sdk.sendEmailOTP({ email: address, requestedScopes: ['credential:link'] }).then(() => {}), email);
        await tab.evaluate((verificationToken) => sdk.verifyOTP({ verificationToken }).then(() => {}), await on.mailbox.code(email));
      }
      const device = await tab.evaluate(() => sdk.registerTotpMfaDevice().then(({ id, uri }) => ({ id, uri })));
      const code = openAuthenticator(device.uri);
      await tab.evaluate((params) => sdk.authenticateTotpMfaDevice(params).then(() => {}), { code: code(0), deviceId: device.id });
      const wallet = await tab.evaluate((on_) => sdk.createWallet({ chain: on_ }).then(({ walletId, address }) => ({ walletId, address })), chain);
      return { context, tab, code, problems, ...wallet };
    };
    const prove = ({ tab, code }) => tab.evaluate((next) => sdk.authenticateTotpMfaDevice({ code: next, requestedScopes: ['wallet:export'] }).then(() => {}), code(1));

    /** Begins an export, and answers its frame as soon as there is a key in it. */
    const begin = async (tab, options) => {
      await tab.evaluate((o) => {
        globalThis.done = sdk.exportWaasPrivateKey(o);
        globalThis.done.catch(() => {});
      }, options);
      return frameOf(tab);
    };
    const frameOf = async (tab) => {
      const frame = await (await tab.waitForSelector('dialog[open] iframe')).contentFrame();
      await frame.waitForSelector('.address, [role=alert]');
      return frame;
    };
    const button = (frame, name) => frame.getByRole('button', { name, exact: true });
    const shownIn = async (frame) => {
      await button(frame, 'Show key').click();
      return frame.locator('.key').textContent();
    };
    const settled = (tab) => tab.evaluate(() => Promise.race([globalThis.done, new Promise((resolve) => setTimeout(resolve, 0, 'waiting'))]).then((value) => value ?? 'resolved', (error) => [error.code, error.scope ?? error.reason]));
    const exportsOf = (tab) => tab.evaluate(() => performance.getEntriesByType('resource').filter(({ name }) => name.endsWith('/privateKey/export')).length);

    const seenByUser = async (app, frame) => {
      assert.equal(await frame.locator('.address code').textContent(), app.address);
      assert.ok(!(await frame.content()).match(/[0-9a-f]{64}/), 'the key is in the page before the user wants to see it');
      const key = await shownIn(frame);
      assert.equal(privateKeyToAccount(`0x${key}`).address, app.address);
      assert.equal(await settled(app.tab), 'waiting');
      await button(frame, 'Copy').click();
      await frame.getByText('Copied.').waitFor();
      assert.equal(await app.tab.evaluate(() => navigator.clipboard.readText()), key);
      await app.tab.evaluate(() => navigator.clipboard.writeText(''));
      await button(frame, 'Done').click();
      await app.tab.waitForSelector('dialog', { state: 'detached' });
      await app.tab.evaluate(() => globalThis.done.then(() => {}, () => {})); // the page hears of it after the dialog has gone
      assert.equal(await settled(app.tab), 'resolved');
      const page = await app.tab.evaluate(() => JSON.stringify([globalThis.heard, document.documentElement.outerHTML, { ...localStorage }, { ...sessionStorage }]));
      assert.ok(page.includes('"sealed"') && !page.includes(key), 'the page saw the key');
    };

    for (const when of ['after', 'before']) {
      for (const name of ['client', ...Object.keys(majors).map((major) => `react${major}`)]) {
        it(`${when}, ${name}: the guide's code ends in the wallet's key, once`, async () => {
          const app = await openApp(name);
          const { tab } = app;
          const run = (code) => (name === 'client'
            ? tab.evaluate(({ when_, code_ }) => {
              globalThis.done = guide[when_]({ code: code_, exportPrivateKey: () => sdk.exportWaasPrivateKey() });
              globalThis.done.catch(() => {});
            }, { when_: when, code_: code })
            : tab.evaluate(({ when_, code_ }) => { draw(when_, code_); }, { when_: when, code_: code }).then(() => tab.click('main button')));
          await run(app.code(1));
          if (when === 'before' && version !== '2026_01_01') {
            await tab.waitForFunction(() => globalThis.done?.then(() => false, () => true), null, often);
            assert.deepEqual(await settled(tab), ['elevated_access_token_required', 'wallet:export']);
            assert.equal(await tab.locator('dialog').count(), 0);
          } else {
            await seenByUser(app, await frameOf(tab));
            const again = await tab.evaluate(() => sdk.exportWaasPrivateKey().catch((error) => error.code));
            assert.equal(again, 'elevated_access_token_required', 'the token worked twice');
            assert.deepEqual(app.problems.filter((text) => !/status of 403/.test(text)), []);
          }
          await app.context.close();
        });
      }
    }
    if (version === '2026_01_01') return;

    it('shows a Solana wallet\'s, hides it when the user looks elsewhere, and takes it along with the session', async () => {
      const app = await openApp('client', { chain: 'SOL' });
      const { tab } = app;
      await prove(app);
      await tab.setViewportSize({ width: 375, height: 800 });
      const frame = await begin(tab, { walletAccount: { address: app.address } });
      /** Waits until the frame is as high as what it shows, or lets the test fail with the time it took. */
      const fits = async () => {
        const height = await frame.locator('main').evaluate((main) => main.getBoundingClientRect().height);
        await tab.waitForFunction((wanted) => Math.abs(document.querySelector('dialog iframe').clientHeight - wanted) <= 1, height, { ...often, timeout: 5_000 });
      };
      await fits();
      await button(frame, 'Show key').click();
      await fits();
      await button(frame, 'Hide key').click();
      await fits();
      const key = await shownIn(frame);
      assert.ok(key.length > 80 && await frame.locator('.key').isVisible());
      await tab.evaluate(() => { // a tap beside the frame
        document.querySelector('dialog').tabIndex = -1;
        document.querySelector('dialog').focus();
      });
      await frame.locator('.cover').waitFor();
      assert.ok(!(await frame.content()).includes(key));
      assert.equal(await shownIn(frame), key);
      await tab.evaluate(() => sdk.logout());
      await tab.waitForSelector('dialog', { state: 'detached' });
      assert.equal((await settled(tab))[0], 'session_ended');
      await app.context.close();
    });

    it('exports nothing where it cannot be shown, and says why', async () => {
      const app = await openApp('client', { search: '?unframed' });
      await prove(app);
      const refused = await app.tab.evaluate(() => sdk.exportWaasPrivateKey().catch((error) => [error.code, error.reason, error instanceof sdk.WalletRevealError]));
      assert.deepEqual(refused, ['wallet_reveal_failed', 'no_answer', true]);
      assert.equal(await app.tab.evaluate(() => sdk.exportWaasPrivateKey({ walletAccount: { address: '0x00' } }).catch((error) => error.code)), 'invalid_param');
      assert.equal(await exportsOf(app.tab), 0);
      assert.ok(await app.tab.evaluate(() => sdk.getElevatedAccessToken({ scope: 'wallet:export', consume: false })), 'the token is spent');
      assert.equal(await app.tab.locator('dialog').count(), 0);
      await app.context.close();
    });

    it('is framed by listed origins alone, greeted by the page around it alone, and once', async () => {
      const context = await browser.newContext();
      const tab = await context.newPage();
      const url = `${on.server.issuer}/reveal`;
      const answer = await tab.goto(url);
      await tab.getByText('There is nothing to see here').waitFor();
      assert.match(answer.headers()['content-security-policy'], /frame-ancestors http:\/\/localhost:3000$/);

      /** Frames the page and greets it by hand; what it says within a moment. */
      const greet = (from, greetings) => tab.evaluate(async ({ src, all }) => {
        const frame = document.body.appendChild(document.createElement('iframe'));
        frame.src = src;
        await new Promise((resolve) => { frame.onload = resolve; });
        const answers = [];
        for (const { greeting, to, ports = 1 } of all) {
          const { port1, port2 } = new MessageChannel();
          port1.onmessage = ({ data }) => answers.push(data.type);
          frame.contentWindow.postMessage(greeting, to, ports ? [port2] : []);
        }
        await new Promise((resolve) => { setTimeout(resolve, 500); });
        return answers.filter((type) => type !== 'height');
      }, { src: from, all: greetings });
      const wallet = { type: 'stepup:reveal', walletId: 'w', address: '0x00', chain: 'EVM' };
      const right = { greeting: wallet, to: on.server.origin };

      await tab.goto(`${stranger}/client?${encodeURIComponent('stranger')}`);
      await tab.waitForFunction(() => globalThis.sdk, null, often);
      assert.deepEqual(await greet(url, [{ ...right, to: '*' }]), [], 'framed by a stranger');

      await tab.goto(`${appOrigin}/client`);
      await tab.waitForFunction(() => globalThis.sdk, null, often);
      assert.deepEqual(await greet(url, [
        { greeting: 'stepup:reveal', to: on.server.origin },
        { greeting: { ...wallet, type: 'other' }, to: on.server.origin },
        { greeting: { ...wallet, address: 7 }, to: on.server.origin },
        { ...right, ports: 0 },
      ]), []);
      assert.deepEqual(await greet(url, [right, right]), ['recipient'], 'a second greeting was answered');
      assert.deepEqual(await greet(url, [{ greeting: { ...wallet, chain: 'BTC' }, to: on.server.origin }]), ['failed']);
      const scripts = await tab.evaluate((src) => new Promise((resolve) => { // a frame in the frame's place, by the page: another origin hears nothing
        const frame = document.body.appendChild(document.createElement('iframe'));
        frame.src = src;
        frame.onload = () => { try { resolve(typeof frame.contentWindow.document); } catch (error) { resolve(error.name); } };
      }), url);
      assert.equal(scripts, 'SecurityError');
      await context.close();
    });

    it('shows no key that is of another wallet or sealed to another frame', async () => {
      const [app, second] = [await openApp('client'), await openApp('client')]; // a user exports once in a while
      const { tab, walletId, address } = app;
      const other = await tab.evaluate(() => sdk.createWallet({ chain: 'EVM' }).then((wallet) => ({ walletId: wallet.walletId, address: wallet.address })));
      /** The page's own script is the attacker: it names one wallet, exports another or passes on what it kept, and hears what comes of it. */
      const told = (in_, named, exported) => in_.evaluate(async ({ src, server, greeting, exportedId }) => {
        const frame = document.body.appendChild(document.createElement('iframe'));
        frame.src = src;
        await new Promise((resolve) => { frame.onload = resolve; });
        const { port1, port2 } = new MessageChannel();
        return new Promise((resolve) => {
          port1.onmessage = async ({ data }) => {
            if (data.type === 'failed' || data.type === 'opened') resolve(data.reason ?? data.type);
            if (data.type !== 'recipient') return;
            if (exportedId) globalThis.kept = await sdk.exportWallet({ walletId: exportedId, recipientKey: data.recipientKey }).catch((error) => resolve(error.code));
            port1.postMessage({ type: 'sealed', sealed: globalThis.kept });
          };
          frame.contentWindow.postMessage(greeting, server, [port2]);
        });
      }, { src: `${on.server.issuer}/reveal`, server: on.server.origin, greeting: { type: 'stepup:reveal', chain: 'EVM', ...named }, exportedId: exported });
      await prove(app);
      assert.equal(await told(tab, { walletId, address }, other.walletId), 'unreadable', 'it says for which wallet it was sealed');
      assert.equal(await told(tab, other), 'unreadable', 'an answer that was sealed to an earlier frame');
      await prove(second);
      assert.equal(await told(second.tab, { walletId: second.walletId, address }, second.walletId), 'foreign');
      await second.context.close();
      await app.context.close();
    });

    describe('as the page of a web view', () => {
      const url = () => `${on.server.issuer}/reveal`;
      const greetingOf = ({ walletId, address }) => ({ type: 'stepup:reveal', walletId, address, chain: 'EVM' });

      /** A web view with the page in it, and its app: what the page says is in `said`; `say` is how the app's side of the web view speaks. */
      const openWebView = async () => {
        const context = await browser.newContext();
        const said = [];
        await context.exposeBinding('toApp', ({ frame, page: tab }, text) => said.push({ ...JSON.parse(text), top: frame === tab.mainFrame(), from: frame.url() }));
        await context.addInitScript(() => { globalThis.ReactNativeWebView = { postMessage: (text) => globalThis.toApp(text) }; });
        const page = await context.newPage();
        const say = (message, place = 'window') => page.evaluate(({ data, where }) => { // react-native-webview does so: at the window on iOS, at the document on Android
          (where === 'window' ? window : document).dispatchEvent(new MessageEvent('message', { data }));
        }, { data: typeof message === 'string' ? message : JSON.stringify(message), where: place });
        const heard = async (type) => {
          for (const end = Date.now() + 20_000; Date.now() < end; await new Promise((resolve) => { setTimeout(resolve, 20); })) {
            const found = said.find((message) => message.type === type);
            if (found) return found;
          }
          throw new Error(`${type} was never said, but ${JSON.stringify(said)}`);
        };
        const types = () => said.map(({ type }) => type).filter((type) => type !== 'height');
        return { context, page, said, say, heard, types, close: () => context.close() };
      };
      const sealedFor = ({ tab, walletId }, recipientKey) => tab.evaluate((params) => sdk.exportWallet(params), { walletId, recipientKey });

      for (const place of ['window', 'document']) {
        it(`shows the key to the user, and says nothing of it to the app, which speaks at the ${place}`, async () => {
          const [app, view] = [await openApp('client'), await openWebView()];
          await prove(app);
          await view.page.goto(url());
          await view.heard('ready');
          await view.say(greetingOf(app), place);
          const { recipientKey } = await view.heard('recipient');
          await view.say({ type: 'sealed', sealed: await sealedFor(app, recipientKey) }, place);
          await view.heard('opened');
          assert.equal(await view.page.locator('.address code').textContent(), app.address);
          const key = await shownIn(view.page);
          assert.equal(privateKeyToAccount(`0x${key}`).address, app.address);
          await button(view.page, 'Done').click();
          await view.heard('closed');
          assert.ok(!JSON.stringify(view.said).includes(key));
          assert.ok(!(await view.page.content()).includes(key));
          await Promise.all([view.close(), app.context.close()]);
        });
      }

      it('hears no other window: an opener in the same web view gets nothing and puts nothing in', async () => {
        const view = await openWebView();
        await view.page.goto(`${stranger}/client?attacker`);
        const [popup] = await Promise.all([
          view.context.waitForEvent('page'),
          view.page.evaluate((to) => { globalThis.opened = window.open(to); }, url()),
        ]);
        await view.heard('ready');
        const answers = await view.page.evaluate(async ({ greeting }) => {
          const heard = [];
          addEventListener('message', ({ data }) => heard.push(data));
          for (const text of [greeting, JSON.stringify(greeting)]) {
            const { port1, port2 } = new MessageChannel();
            port1.onmessage = ({ data }) => heard.push(data);
            globalThis.opened.postMessage(text, '*', [port2]);
            globalThis.opened.postMessage(text, '*');
          }
          await new Promise((resolve) => { setTimeout(resolve, 500); });
          try { heard.push(typeof globalThis.opened.ReactNativeWebView); } catch (error) { heard.push(error.name); }
          return heard;
        }, { greeting: greetingOf({ walletId: 'w', address: '0x00' }) });
        assert.deepEqual(answers, ['SecurityError']);
        assert.deepEqual(view.types(), ['ready']);
        assert.equal(await popup.locator('h1').count(), 0, 'it draws before its app has greeted it');
        await view.close();
      });

      it('is a page with nothing to see for whoever has no web view, opened by a site or greeted by one', async () => {
        const context = await browser.newContext();
        const tab = await context.newPage();
        await tab.goto(`${stranger}/client?attacker`);
        const [popup] = await Promise.all([context.waitForEvent('page'), tab.evaluate((to) => { globalThis.opened = window.open(to); }, url())]);
        await popup.getByText('There is nothing to see here').waitFor();
        await tab.evaluate((greeting) => globalThis.opened.postMessage(JSON.stringify(greeting), '*'), greetingOf({ walletId: 'w', address: '0x00' }));
        await popup.evaluate((text) => window.dispatchEvent(new MessageEvent('message', { data: text })), JSON.stringify(greetingOf({ walletId: 'w', address: '0x00' })));
        await popup.waitForTimeout(300);
        await popup.getByText('There is nothing to see here').waitFor();
        await context.close();
      });

      it('in a frame it speaks to the page around it alone, whatever the web view offers', async () => {
        const view = await openWebView();
        await view.page.goto(`${appOrigin}/client`);
        await view.page.waitForFunction(() => globalThis.sdk, null, often);
        const frame = await view.page.evaluate((src) => new Promise((resolve) => {
          const one = document.body.appendChild(document.createElement('iframe'));
          one.onload = () => resolve(true);
          one.src = src;
        }), url());
        assert.ok(frame);
        await view.page.waitForTimeout(300);
        assert.deepEqual(view.types(), []);
        await view.close();
      });

      it('is greeted once, and shows no key that is of another wallet or was sealed for an earlier page', async () => {
        const [app, first] = [await openApp('client'), await openWebView()];
        await prove(app);
        await first.page.goto(url());
        await first.heard('ready');
        for (const text of ['', '{', 'null', '[]', '"stepup:reveal"', JSON.stringify({ type: 'stepup:reveal', walletId: 7 }), JSON.stringify({ type: 'sealed', sealed: null })]) await first.say(text);
        await first.say(greetingOf(app));
        await first.say({ ...greetingOf(app), address: '0x00' });
        const { recipientKey } = await first.heard('recipient');
        const sealed = await sealedFor(app, recipientKey);
        first.said.length = 0;
        await first.page.reload(); // another page, other keys
        await first.heard('ready');
        await first.say(greetingOf(app));
        assert.notEqual((await first.heard('recipient')).recipientKey, recipientKey);
        await first.say({ type: 'sealed', sealed });
        assert.equal((await first.heard('failed')).reason, 'unreadable', 'an answer that was sealed to an earlier page');
        assert.deepEqual(first.types(), ['ready', 'recipient', 'failed']);
        await first.close();

        const [other, second] = [await openApp('client'), await openWebView()];
        await prove(other);
        await second.page.goto(url());
        await second.heard('ready');
        await second.say({ ...greetingOf(other), address: app.address });
        await second.say({ type: 'sealed', sealed: await sealedFor(other, (await second.heard('recipient')).recipientKey) });
        assert.equal((await second.heard('failed')).reason, 'foreign');
        await Promise.all([second.close(), app.context.close(), other.context.close()]);
      });
    });
  });
};
