// The built-in prompt in a real browser on a real server: each row of the published prompt's routing table, what goes wrong on the way,
// and the upgrade guide's built-in flows in JavaScript and React, up to an exported key.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { generatePrivateKey, privateKeyToAccount } from 'viem/accounts';
import { appOrigin, claimsOf, newAddress } from '../lib/app.mjs';
import { openAuthenticator } from '../lib/authenticator.mjs';
import { often } from '../lib/browser.mjs';
import { addressOfExport } from '../lib/exported.mjs';
import { openPages } from '../lib/promptPage.mjs';
import { guideOf } from '../lib/react.mjs';
import { newNumber } from '../lib/server.mjs';

const export_ = ['wallet:export'];

const script = `
  import * as sdk from '@stepup-auth/client';
  import { createElement } from 'react';
  import { createRoot } from 'react-dom/client';
  import { StepUpProvider } from '@stepup-auth/react';
  import { ExportKey as before } from './test/guide/react/before-prompt.jsx';
  import { ExportKey as after } from './test/guide/react/after-prompt.jsx';
  const draw = (name, client, exportPrivateKey) => new Promise((resolve) => {
    const element = createElement({ before, after }[name], { exportPrivateKey, ended: (promise) => { promise.catch(() => {}); resolve([promise]); } });
    createRoot(document.querySelector('main')).render(createElement(StepUpProvider, { client, prompt: { theme: 'light' } }, element));
  });
  Object.assign(globalThis, { sdk, draw });
`;

export const promptTests = (on) => {
  const { version } = on;
  const newest = version !== '2026_01_01';

  describe('the built-in prompt', () => {
    let browser;
    let close;
    before(async () => {
      ({ browser, close } = await openPages(script, { connect: () => on.server.origin, plugins: [guideOf], jsx: 'automatic' }));
    });
    after(() => close?.());

    /** A new profile with the app in it. ask() begins and answers how it ended; what a test leaves unsaid on the console fails it. */
    const openApp = async () => {
      const context = await browser.newContext();
      context.setDefaultTimeout(10_000);
      const problems = [];
      const openTab = async () => {
        const tab = await context.newPage();
        tab.on('pageerror', (error) => problems.push(String(error)));
        tab.on('console', (message) => problems.push(message.text()));
        await tab.goto(appOrigin);
        await tab.waitForFunction(() => globalThis.sdk, null, often);
        await tab.evaluate(({ environmentId, apiBaseUrl }) => void sdk.createStepUpClient({ environmentId, apiBaseUrl, storage: localStorage }), { environmentId: on.server.environment, apiBaseUrl: on.server.apiBase });
        return tab;
      };
      const tab = await openTab();
      const sheet = tab.locator('stepup-prompt');
      const app = {
        context, tab, openTab, problems, sheet,
        // says waits for what is drawn a moment after the title.
        says: (words) => sheet.locator('.body').filter({ hasText: words }).waitFor(),
        title: () => sheet.locator('h1'),
        code: () => sheet.locator('input.code'),
        primary: () => sheet.locator('.primary'),
        way: (name) => sheet.locator('.way', { hasText: name }),
        type: async (text) => {
          const field = sheet.locator('input');
          await field.waitFor();
          await field.fill(text);
        },
        another: () => sheet.locator('.others .link').click(),
        /** Begins without waiting. */
        begin: (params = { requestedScopes: export_ }) => tab.evaluate((given) => {
          globalThis.asked = sdk.promptStepUpAuth(given).then((token) => ({ token }), (error) => ({ code: error.code, reason: error.reason, ours: error instanceof sdk.StepUpError }));
        }, params),
        ended: () => tab.evaluate(() => globalThis.asked),
        signInByMail: async () => {
          const email = newAddress();
          await tab.evaluate((address) => sdk.sendEmailOTP({ email: address }), email);
          await tab.evaluate((verificationToken) => sdk.verifyOTP({ verificationToken }), await on.mailbox.code(email));
          return email;
        },
        prove: async (email, scope) => {
          await tab.evaluate(({ address, scopes }) => sdk.sendEmailOTP({ email: address, requestedScopes: scopes }), { address: email, scopes: [scope] });
          await tab.evaluate((verificationToken) => sdk.verifyOTP({ verificationToken }), await on.mailbox.code(email));
        },
        enrolTotp: async () => {
          const device = await tab.evaluate(() => sdk.registerTotpMfaDevice());
          const code = openAuthenticator(device.uri);
          await tab.evaluate(({ deviceId, typed }) => sdk.authenticateTotpMfaDevice({ code: typed, deviceId }), { deviceId: device.id, typed: code(-1) });
          return { id: device.id, code };
        },
        newAuthenticator: async () => {
          const cdp = await context.newCDPSession(tab);
          await cdp.send('WebAuthn.enable', { enableUI: false });
          await cdp.send('WebAuthn.addVirtualAuthenticator', { options: {
            protocol: 'ctap2', ctap2Version: 'ctap2_1', transport: 'internal', hasResidentKey: true, hasUserVerification: true, isUserVerified: true, automaticPresenceSimulation: true,
          } });
        },
        check: (scope = 'wallet:export') => tab.evaluate((name) => sdk.checkStepUpAuth({ scope: name }), scope),
        close: async () => {
          assert.deepEqual(problems.filter((text) => !/status of 4\d\d/.test(text)), []);
          await context.close();
        },
      };
      return app;
    };

    const proven = async (app, acr) => {
      const { token, ...failure } = await app.ended();
      assert.deepEqual(failure, {});
      assert.equal(claimsOf(token).acr, `urn:stepup:${acr}`);
      assert.equal(await app.sheet.count(), 0, 'it is gone');
      return claimsOf(token);
    };

    if (newest) {
      it('email: says where the code goes, sends it at the tap, and verifies it once it is complete', async () => {
        const app = await openApp();
        const email = await app.signInByMail();
        await app.begin();
        await app.primary().waitFor();
        await app.says(/Reveal the private key of a wallet[^]*We’ll send a code to \S+@mail\.example/);
        await app.primary().click();
        const code = await on.mailbox.code(email);
        await app.type(` ${code.slice(0, 3)}-${code.slice(3)} `);
        await proven(app, 'reauth');
        await app.close();
      });

      it('text message', async () => {
        const app = await openApp();
        const number = newNumber();
        await app.tab.evaluate((phoneNumber) => sdk.sendSmsOTP({ phoneNumber, isoCountryCode: 'US' }), number);
        await app.tab.evaluate((verificationToken) => sdk.verifyOTP({ verificationToken }), await on.phonebox.code(number));
        await app.begin();
        await app.primary().click();
        await app.type(await on.phonebox.code(number));
        await proven(app, 'reauth');
        await app.close();
      });

      /** Puts a wallet into the page, as its extension would. */
      const addWallet = async ({ tab }, account) => {
        await tab.exposeFunction('sign', (hex) => account.signMessage({ message: { raw: hex } }));
        await tab.evaluate((address) => {
          const answers = { eth_requestAccounts: [address], eth_chainId: '0x1' };
          const provider = { request: async ({ method, params }) => answers[method] ?? sign(params[0]) };
          const announce = () => dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail: { info: { uuid: '1', name: 'Test Wallet' }, provider } }));
          addEventListener('eip6963:requestProvider', announce);
          const signMessage = ({ message }) => sign(`0x${[...new TextEncoder().encode(message)].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`);
          globalThis.walletAccount = { address, chain: 'EVM', walletName: 'Test Wallet', signMessage };
        }, account.address);
      };

      it('wallet: finds it on the page and has it sign', async () => {
        const app = await openApp();
        await addWallet(app, privateKeyToAccount(generatePrivateKey()));
        await app.tab.evaluate(() => sdk.verifyWalletAccount({ walletAccount }));
        await app.begin();
        await app.primary().getByText('Sign with Test Wallet').click();
        await proven(app, 'reauth');
        await app.close();
      });

      it('social login: in a window of its own', async () => {
        const app = await openApp();
        const somebody = on.world.somebody();
        on.world.logIn(somebody);
        await app.tab.evaluate(() => {
          document.querySelector('main').append(Object.assign(document.createElement('button'), { textContent: 'in', onclick: () => { globalThis.done = sdk.signInWithSocialPopUp({ provider: 'github' }); } }));
        });
        await app.tab.click('main button');
        await app.tab.evaluate(() => globalThis.done);
        on.world.logIn(somebody);
        await app.begin();
        await app.primary().getByText('Continue with GitHub').click();
        await proven(app, 'federated');
        await app.close();
      });

      it('several of them: the user chooses, what they signed in with stands first', async () => {
        const app = await openApp();
        const email = await app.signInByMail();
        await app.prove(email, 'credential:link');
        await addWallet(app, privateKeyToAccount(generatePrivateKey()));
        await app.tab.evaluate(() => sdk.verifyWalletAccount({ walletAccount }));
        await app.begin();
        await app.way('Wallet').waitFor();
        const names = await app.sheet.locator('.way-name').allInnerTexts();
        assert.deepEqual(names.slice(0, 2), ['Email', 'Wallet']);
        await app.way('Wallet').click();
        await app.another();
        await app.way('Email').click();
        await app.type(await on.mailbox.code(email));
        await proven(app, 'reauth');
        await app.close();
      });

      it('authenticator app alone, with a wrong code first, which stays where it was typed', async () => {
        const app = await openApp();
        await app.prove(await app.signInByMail(), 'credential:link');
        const { code } = await app.enrolTotp();
        await app.begin();
        const wrong = code(0) === '000000' ? '111111' : '000000';
        await app.type(wrong);
        await app.sheet.locator('.bad').waitFor();
        assert.equal(await app.code().inputValue(), wrong);
        await app.says(/That code is wrong/);
        assert.deepEqual(await app.sheet.locator('.way').allInnerTexts(), []);
        await app.another();
        assert.deepEqual(await app.sheet.locator('.way-name').allInnerTexts(), ['Authenticator app', 'Recovery code']);
        await app.way('Authenticator app').click();
        await app.type(code(0));
        await proven(app, 'mfa');
        await app.close();
      });

      it('passkey alone: prepared before the tap, used at it', async () => {
        const app = await openApp();
        await app.newAuthenticator();
        await app.prove(await app.signInByMail(), 'credential:link');
        await app.tab.evaluate(() => sdk.registerPasskey());
        const paths = [];
        app.tab.on('request', (request) => paths.push(`${request.method()} ${new URL(request.url()).pathname.replace(/.*\/sdk\/[^/]+/, '')}`));
        await app.begin();
        await app.primary().getByText('Use passkey').waitFor();
        await app.tab.waitForFunction(() => performance.getEntriesByType('resource').some(({ name }) => name.includes('/users/passkeys/authenticate')), null, often);
        const prepared = paths.length;
        await app.primary().click();
        await proven(app, 'phr');
        assert.deepEqual(paths.slice(prepared).filter((path) => !path.startsWith('OPTIONS')), ['POST /users/mfa/auth/passkey']);
        await app.close();
      });

      it('passkey and authenticator app: the default one, the other by another way, and a recovery code', async () => {
        const app = await openApp();
        await app.newAuthenticator();
        await app.prove(await app.signInByMail(), 'credential:link');
        const { id, code } = await app.enrolTotp();
        const { recoveryCodes } = await app.tab.evaluate(() => sdk.getMfaRecoveryCodes());
        await app.tab.evaluate((typed) => sdk.authenticateTotpMfaDevice({ code: typed, requestedScopes: ['credential:link'] }), code(0));
        await app.tab.evaluate(() => sdk.registerPasskey());

        const { defaultCredentialId, credentials } = await app.check();
        const first = credentials.find((credential) => credential.id === defaultCredentialId);
        await app.begin();
        if (first.type === 'passkey') await app.primary().getByText('Use passkey').waitFor();
        else await app.code().waitFor();
        await app.another();
        assert.deepEqual((await app.sheet.locator('.way-name').allInnerTexts()).sort(), ['Authenticator app', 'Passkey', 'Recovery code']);
        await app.way('Recovery code').click();
        await app.type(recoveryCodes[0]);
        await app.primary().click();
        await proven(app, 'mfa');

        await app.tab.evaluate((deviceId) => sdk.setDefaultMfaDevice({ deviceId }), id).catch(() => {});
        assert.equal((await app.check('wallet:sign')).defaultCredentialId, id);
        await app.begin({ requestedScopes: ['wallet:sign'] });
        await app.code().waitFor();
        await app.another();
        await app.way('Passkey').click();
        await app.primary().getByText('Use passkey').click();
        await proven(app, 'phr');
        await app.close();
      });

      it('is closed by Escape, by its button and beside it, says so once, and gives the focus back', async () => {
        const app = await openApp();
        await app.signInByMail();
        await app.tab.evaluate(() => {
          const button = document.querySelector('main').appendChild(Object.assign(document.createElement('button'), { textContent: 'Export' }));
          button.onclick = () => { globalThis.asked = sdk.promptStepUpAuth({ requestedScopes: ['wallet:export'] }).catch((error) => ({ code: error.code })); };
          globalThis.cancelled = 0;
          addEventListener('stepup-cancelled', () => { globalThis.cancelled += 1; });
        });
        const ways = [() => app.tab.keyboard.press('Escape'), () => app.sheet.locator('.close').click(), () => app.tab.mouse.click(5, 5)];
        for (const [n, close] of ways.entries()) {
          await app.tab.click('main button');
          await app.primary().waitFor();
          await close();
          assert.deepEqual(await app.ended(), { code: 'step_up_cancelled' });
          assert.equal(await app.sheet.count(), 0);
          assert.equal(await app.tab.evaluate(() => document.activeElement.textContent), 'Export');
          assert.equal(await app.tab.evaluate(() => globalThis.cancelled), n + 1);
        }
        await app.close();
      });

      it('sends a new code when it may, after which only that one counts', async () => {
        const app = await openApp();
        await app.tab.clock.install();
        const email = await app.signInByMail();
        await app.begin();
        await app.primary().click();
        const first = await on.mailbox.code(email);
        await app.code().waitFor();
        await app.says(/New code in 0:\d\d/);
        assert.equal(await app.sheet.locator('.aside .link').count(), 0);
        await app.tab.clock.fastForward(31_000);
        await app.sheet.locator('.aside .link').click();
        const second = await on.mailbox.code(email);
        if (first !== second) {
          await app.type(first);
          await app.sheet.locator('.bad').waitFor();
        }
        await app.type(second);
        await proven(app, 'reauth');
        await app.close();
      });

      it('offers a new code when one has ended, and keeps what was typed when the server is away', async () => {
        const app = await openApp();
        await app.tab.clock.install();
        const email = await app.signInByMail();
        await app.begin();
        await app.primary().click();
        await on.mailbox.code(email);
        await app.code().waitFor();
        await app.tab.clock.fastForward(601_000);
        await app.primary().getByText('Send a new code').click();
        const code = await on.mailbox.code(email);
        await app.code().waitFor();
        await app.tab.route('**/emailVerifications/verify', (route) => route.abort());
        await app.type(code);
        await app.sheet.locator('.bad').waitFor();
        await app.says(/You seem to be offline/);
        assert.equal(await app.code().inputValue(), code);
        await app.tab.unroute('**/emailVerifications/verify');
        await app.primary().click();
        await proven(app, 'reauth');
        app.problems.splice(0);
        await app.close();
      });

      it('enrols an authenticator app where nothing else would do: proof, factor, and then still the proof', async () => {
        const app = await openApp();
        const email = await app.signInByMail();
        assert.equal((await app.check('vault:open')).reason, 'no_method');
        await app.begin({ requestedScopes: ['vault:open'] });
        await app.way('Set up an authenticator app').waitFor();
        await app.says(/open the vault/i);
        await app.way('Set up an authenticator app').click();
        await app.says(/Step 1 of 3[^]*Add a way to sign in/);
        await app.primary().click();
        await app.type(await on.mailbox.code(email));
        const secret = (await app.sheet.locator('.secret code').innerText()).replaceAll(' ', '');
        const uri = `otpauth://totp/x?secret=${secret}&digits=6&period=30&algorithm=SHA1`;
        const code = openAuthenticator(uri);
        await app.type(code(-1));
        const kept = app.sheet.locator('.codes li');
        await kept.first().waitFor();
        assert.equal(await kept.count(), 10);
        await app.primary().click();
        await app.title().getByText('Confirm it’s you').waitFor();
        await app.says(/Step 3 of 3[^]*next code/);
        await app.type(code(0));
        assert.equal((await proven(app, 'mfa')).scope, 'vault:open');
        assert.equal(await app.tab.evaluate(() => sdk.isPendingRecoveryCodesAcknowledgment()), false);
        await app.close();
      });

      it('enrols a passkey likewise', async () => {
        const app = await openApp();
        await app.newAuthenticator();
        const email = await app.signInByMail();
        await app.begin({ requestedScopes: ['vault:open'] });
        await app.way('Create a passkey').click();
        await app.primary().click();
        await app.type(await on.mailbox.code(email));
        await app.primary().getByText('Create passkey').click();
        const keep = app.sheet.locator('.screen-keep .primary');
        const use = app.primary().getByText('Use passkey');
        await keep.or(use).first().waitFor();
        if (await keep.count()) await keep.click();
        await use.click();
        await proven(app, 'phr');
        await app.close();
      });

      it('shows all of a transaction, and offers only what shows it too', async () => {
        const app = await openApp();
        const email = await app.signInByMail();
        const binding = { scope: 'payment:create', authorizationDetails: [{ type: 'payment', amount: '250.00 EUR', payee: 'Grace Hopper' }, { type: 'payment', amount: '10.00 EUR', payee: 'Ada Lovelace' }] };
        await app.tab.evaluate(async (what) => {
          const registered = await sdk.registerBinding(what);
          globalThis.asked = sdk.promptStepUpAuth({ requestedScopes: ['payment:create'], binding: registered }).then((token) => ({ token }), (error) => ({ code: error.code }));
        }, binding);
        await app.primary().waitFor();
        const lines = await app.sheet.locator('.approved .line').allInnerTexts();
        assert.deepEqual(lines, ['Pay "250.00 EUR" to "Grace Hopper"', 'Pay "10.00 EUR" to "Ada Lovelace"']);
        await app.primary().click();
        const mail = await on.mailbox.codeMail(email);
        for (const line of lines) assert.ok(mail.text.includes(line), mail.text);
        await app.type(/^\s*(\d{6})\s*$/m.exec(mail.text)[1]);
        assert.equal((await proven(app, 'reauth')).displayed, true);
        await app.close();
      });

      it('says that an account is in dispute, and for how long to wait', async () => {
        const app = await openApp();
        await app.signInByMail();
        for (const [answer, text, reason] of [
          [{ reason: 'disputed', disputed: true }, /Your account is being checked[^]*contact support/, 'disputed'],
          [{ reason: 'cooling_down', coolDownSeconds: 3600 }, /Please wait a little[^]*Try again in (1:00:00|59:\d\d)/, 'cooling_down'],
        ]) {
          await app.tab.route('**/stepUp/check', (route) => route.fulfill({ json: { isRequired: true, credentials: [], singleUse: true, expirySeconds: 300, ...answer }, headers: { 'access-control-allow-origin': appOrigin } }));
          await app.begin();
          await app.title().waitFor();
          await app.sheet.locator('.secondary').waitFor();
          await app.says(text);
          await app.sheet.locator('.secondary').click();
          assert.deepEqual(await app.ended(), { code: 'step_up_unavailable', reason, ours: true });
          await app.tab.unroute('**/stepUp/check');
        }
        await app.close();
      });

      it('closes when the session ends, in whatever tab', async () => {
        const app = await openApp();
        await app.signInByMail();
        const other = await app.openTab();
        await other.evaluate(() => sdk.initializeClient());
        await app.tab.bringToFront();
        await app.begin();
        await app.primary().waitFor();
        await other.evaluate(() => sdk.logout());
        assert.deepEqual(await app.ended(), { code: 'step_up_cancelled', reason: undefined, ours: true });
        assert.equal(await app.sheet.count(), 0);
        await app.close();
      });

      it('is not there for who wants none, and speaks the language of the page', async () => {
        const app = await openApp();
        await app.signInByMail();
        await app.tab.evaluate(() => { globalThis.back = sdk.registerStepUpPrompt({ prompt: false }); });
        await app.begin();
        assert.deepEqual(await app.ended(), { code: 'step_up_unavailable', reason: 'no_prompt', ours: true });
        await app.tab.evaluate(() => { globalThis.back(); document.documentElement.lang = 'de-AT'; });
        await app.begin();
        await app.title().getByText('Bestätigen Sie, dass Sie es sind').waitFor();
        await app.tab.keyboard.press('Escape');
        await app.tab.evaluate(() => { sdk.registerStepUpPrompt({ prompt: { language: 'ja', texts: { title: 'Hallo' } } }, sdk.getDefaultClient()); });
        await app.begin();
        await app.primary().getByText('コードを送信').waitFor();
        assert.equal(await app.title().innerText(), 'Hallo');
        await app.tab.keyboard.press('Escape');
        await app.close();
      });
    }

    /** A user with an authenticator app and a wallet. */
    const withWallet = async () => {
      const app = await openApp();
      const email = await app.signInByMail();
      if (newest) await app.prove(email, 'credential:link');
      const { code } = await app.enrolTotp();
      const { walletId, address } = await app.tab.evaluate(() => sdk.createWallet({ chain: 'EVM' }));
      return { app, code, address, walletId };
    };
    /** Gives the page a recipient key and opens what it gets. run begins, in the page, what ends in globalThis.sealed. */
    const exporting = async ({ app, code, walletId }, run) =>
      addressOfExport(async (key) => {
        await app.tab.evaluate(({ id, bytes }) => { globalThis.exportPrivateKey = () => sdk.exportWallet({ walletId: id, recipientKey: Uint8Array.from(bytes) }); }, { id: walletId, bytes: [...key] });
        await run();
        await app.type(code(0));
        return app.tab.evaluate(async () => (await globalThis.sealed)[0]);
      });
    const refused = (app) => app.tab.evaluate(async () => (await globalThis.sealed)[0].catch((error) => [error.code, error.scope]));

    it('JavaScript, after: no client is passed, and no prompt is written', async () => {
      const user = await withWallet();
      assert.equal(await exporting(user, () => user.app.tab.evaluate(() => {
        const run = async () => {
          const { isRequired } = await sdk.checkStepUpAuth({ scope: sdk.TokenScope.Walletexport });
          if (isRequired) await sdk.promptStepUpAuth({ requestedScopes: [sdk.TokenScope.Walletexport] });
          return exportPrivateKey();
        };
        globalThis.sealed = Promise.all([run()]);
      })), user.address);
      await user.app.close();
    });

    it('JavaScript, before: a token of action-based MFA', async () => {
      const user = await withWallet();
      const { app } = user;
      const run = () => app.tab.evaluate(() => {
        const go = async () => {
          if (await sdk.isMfaRequiredForAction({ mfaAction: sdk.MFAAction.WalletWaasExport })) await sdk.promptMfaAuth({ createMfaToken: true });
          return exportPrivateKey();
        };
        const going = go();
        going.catch(() => {});
        globalThis.sealed = new Promise((resolve) => { going.then((value) => resolve([value]), () => resolve([going])); });
      });
      if (newest) {
        await assert.rejects(exporting(user, run));
        assert.deepEqual(await refused(app), ['elevated_access_token_required', 'wallet:export']);
      } else {
        assert.equal(await exporting(user, run), user.address);
      }
      await app.close();
    });

    for (const when of ['before', 'after']) {
      it(`React, ${when}: the guide's component in a provider`, async () => {
        const user = await withWallet();
        const { app } = user;
        const run = async () => {
          await app.tab.evaluate((name) => { globalThis.sealed = draw(name, sdk.getDefaultClient(), () => exportPrivateKey()); }, when);
          await app.tab.click('main button');
        };
        if (when === 'before' && newest) {
          await assert.rejects(exporting(user, run));
          assert.deepEqual(await refused(app), ['elevated_access_token_required', 'wallet:export']);
        } else {
          assert.equal(await exporting(user, run), user.address);
        }
        await app.close();
      });
    }

    if (!newest) {
      it('offers to enrol where action-based MFA has no factor, and then still asks', async () => {
        const app = await openApp();
        await app.newAuthenticator();
        await app.signInByMail();
        await app.tab.evaluate(() => { globalThis.asked = sdk.promptMfaAuth({ createMfaToken: { singleUse: false } }).then((token) => ({ token }), (error) => ({ code: error.code, reason: error.reason })); });
        await app.way('Create a passkey').click();
        await app.primary().getByText('Create passkey').click();
        const keep = app.sheet.locator('.screen-keep .primary');
        const use = app.primary().getByText('Use passkey');
        await keep.or(use).first().waitFor();
        if (await keep.count()) await keep.click();
        await use.click();
        assert.equal((await app.ended()).token, await app.tab.evaluate(() => sdk.getDefaultClient().mfaToken));
        await app.close();
      });
    }
  });
};
