// The React package against a real server, with React 18 and 19: every way to prove it by its hooks, wallets, and the upgrade guide's
// components with nothing but their imports changed.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as sdk from '@stepup-auth/client';
import { privateKeyToAccount, generatePrivateKey } from 'viem/accounts';
import { claimsOf, openApp, rejection, signedIn, withAuthenticator } from '../lib/app.mjs';
import { newAuthenticator, openAuthenticator } from '../lib/authenticator.mjs';
import { addressOfExport } from '../lib/exported.mjs';
import { loadReact, majors, newPage, until } from '../lib/react.mjs';
import { newNumber } from '../lib/server.mjs';

const withPage = (major, more, tests) => {
  describe(`React ${major}`, () => {
    const at = {};
    before(async () => {
      Object.assign(at, await loadReact(major, more));
      at.page = newPage(at);
      at.page.open();
    });
    after(() => at.page?.close());
    tests(at);
  });
};

/** What a person does who is asked by the app's prompt, with an authenticator app. */
const personWith = (app, asked) => async ({ client, requestedScopes, createMfaToken, binding, check }) => {
  asked.push(check.credentials.map(({ type, format }) => type ?? format).join(' '));
  await sdk.authenticateTotpMfaDevice({ code: app.code(asked.length), requestedScopes, createMfaToken, bindingId: binding?.bindingId }, client);
};

export const reactFlows = (on) => {
  describe('the React package', () => {
    for (const major of Object.keys(majors)) {
      withPage(major, '', (at) => {
        const export_ = ['wallet:export'];

        it('signs in, asks, proves it by mail, signs with the primary wallet, signs out', async () => {
          const app = openApp(on.server);
          const asked = [];
          const email = `react.${Math.random()}@mail.example`;
          const prompt = async ({ requestedScopes, binding, client }) => {
            asked.push(requestedScopes.join());
            await sdk.sendEmailOTP({ email, requestedScopes, bindingId: binding?.bindingId }, client);
            await sdk.verifyOTP({ verificationToken: await on.mailbox.code(email) }, client);
          };
          const hook = () => {
            const primaryWallet = at.ours.usePrimaryWallet();
            const agree = at.ours.useStepUp((_, text) => primaryWallet.signMessage(text), { scope: 'wallet:sign' });
            return { primaryWallet, agree, session: at.ours.useSession(), wallets: at.ours.useWallets(), auth: at.ours.useStepUpAuthentication() };
          };
          const used = await at.page.use(hook, { client: app.client, prompt });
          await sdk.sendEmailOTP({ email }, app.client);
          await sdk.verifyOTP({ verificationToken: await on.mailbox.code(email) }, app.client);
          await until(() => used.now.session.status === 'signedIn' && !used.now.wallets.isLoading);
          assert.equal(used.now.primaryWallet, null);
          const made = await used.now.wallets.createWallet({ chain: 'EVM' });
          await until(() => used.now.primaryWallet);
          assert.equal(used.now.primaryWallet, made);
          const done = await used.now.agree.run('I agree');
          assert.deepEqual([done.outcome, asked], ['verified', ['wallet:sign']]);
          assert.match(done.result, /^0x[0-9a-f]{130}$/);

          const { auth } = used.now;
          assert.equal(await auth.isStepUpRequired({ scope: 'wallet:export' }), true);
          assert.deepEqual((await auth.checkStepUpAuth({ scope: 'wallet:export' })).credentials.map((c) => c.alias), [email]);
          assert.equal((await rejection(auth.promptMfa({ requestedScopes: export_ }))).reason, 'no_method');
          const token = await auth.promptReauthenticate({ requestedScopes: export_ });
          assert.equal(claimsOf(token).scope, 'wallet:export');
          assert.equal(await auth.isStepUpRequired({ scope: 'wallet:export' }), false);
          assert.equal(await addressOfExport((recipientKey) => made.exportWallet({ recipientKey })), made.address);
          assert.equal((await rejection(made.exportWallet({ recipientKey: new Uint8Array(32) }))).code, 'elevated_access_token_required');
          const { binding, summary } = await made.getIntent({ message: 'exactly this' });
          assert.match(summary, /exactly this/);
          await auth.promptStepUpAuth({ requestedScopes: ['wallet:sign'], binding });
          assert.ok((await made.sign({ message: 'exactly this', binding })).signature);
          await auth.promptStepUpAuth({ requestedScopes: ['wallet:refresh'] });
          await made.refresh();
          await until(() => used.now.primaryWallet !== made);
          assert.deepEqual([used.now.primaryWallet.address, used.now.primaryWallet.details.generation], [made.address, made.details.generation + 1]);
          await sdk.logout(app.client);
          await until(() => used.now.session.status === 'signedOut' && used.now.primaryWallet === null);
        });

        it('proves it by a code that it sends itself, by mail and by text message', async () => {
          const app = await signedIn(on.server, on.mailbox);
          const { now: auth } = await at.page.use(() => at.ours.useStepUpAuthentication(), { client: app.client });
          await auth.sendOtp({ requestedScopes: export_ });
          await auth.verifyOtp({ verificationToken: await on.mailbox.code(app.email), requestedScopes: export_ });
          assert.ok(app.token('wallet:export'));
          await auth.sendOtp(); // for nothing in particular, as the published hook does
          await auth.verifyOtp({ verificationToken: await on.mailbox.code(app.email), requestedScopes: ['wallet:sign'] });
          assert.ok(app.token('wallet:sign'));

          const texting = openApp(on.server);
          const number = newNumber();
          await sdk.sendSmsOTP({ phoneNumber: number, isoCountryCode: 'US' }, texting.client);
          await sdk.verifyOTP({ verificationToken: await on.phonebox.code(number) }, texting.client);
          const { now: texts } = await at.page.use(() => at.ours.useStepUpAuthentication(), { client: texting.client });
          await texts.sendOtp({ requestedScopes: export_ });
          await texts.verifyOtp({ verificationToken: await on.phonebox.code(number), requestedScopes: export_ });
          assert.ok(texting.token('wallet:export'));
        });

        it('proves it by a wallet, and by a social login in a window', async () => {
          const account = privateKeyToAccount(generatePrivateKey());
          const walletAccount = { address: account.address, chain: 'EVM', walletName: 'MetaMask', signMessage: ({ message }) => account.signMessage({ message }) };
          const app = openApp(on.server);
          await sdk.verifyWalletAccount({ walletAccount }, app.client);
          const { now: auth } = await at.page.use(() => at.ours.useStepUpAuthentication(), { client: app.client });
          await auth.verifyWallet({ walletAccount, requestedScopes: export_ });
          assert.ok(app.token('wallet:export'));

          const openPopup = () => ({ isClosed: () => false, close: () => {}, navigate: async (url) => {
            for (let at_ = url; at_ && !at_.startsWith('http://localhost:3000');) {
              const response = await fetch(at_, { redirect: 'manual' });
              const to = response.headers.get('location');
              at_ = to && new URL(to, at_).href;
            }
          } });
          const social = openApp(on.server, { openPopup });
          on.world.logIn(on.world.somebody());
          await sdk.signInWithSocialPopUp({ provider: 'github' }, social.client);
          const { now: popups } = await at.page.use(() => at.ours.useStepUpAuthentication(), { client: social.client });
          await popups.verifySocial({ provider: 'github', requestedScopes: export_ });
          assert.ok(social.token('wallet:export'));
        });

        it('enrols an authenticator app, proves it by that and by recovery codes, and removes it', async () => {
          const app = await signedIn(on.server, on.mailbox);
          const used = await at.page.use(() => ({ mfa: at.ours.useMfa(), auth: at.ours.useStepUpAuthentication() }), { client: app.client });
          const { mfa, auth } = used.now;
          assert.equal((await rejection(mfa.verifyDevice('000000'))).code, 'invalid_param');
          assert.equal((await rejection(mfa.addDevice())).code, 'elevated_access_token_required');
          await app.stepUp('credential:link');
          const device = await mfa.addDevice('totp');
          const code = openAuthenticator(device.uri);
          await mfa.verifyDevice(code(0));
          assert.equal((await rejection(auth.promptReauthenticate({ requestedScopes: export_ }))).code, 'step_up_unavailable');
          const recoveryCodes = await mfa.getRecoveryCodes();
          await mfa.completeAcknowledgement();
          assert.equal((await rejection(auth.verifyTotpMfa({ code: '000000', requestedScopes: export_ }))).code, 'mfa_invalid_code');
          await until(() => used.now.auth.state.error);
          await auth.verifyTotpMfa({ code: code(1), requestedScopes: export_ });
          assert.ok(app.token('wallet:export'));
          await until(() => used.now.auth.state.error === null);
          await auth.verifyRecoveryCode({ code: recoveryCodes[0], requestedScopes: ['wallet:sign'] });
          assert.ok(app.token('wallet:sign'));
          await mfa.authRecoveryCode(recoveryCodes[1]);
          const [listed] = await mfa.getUserDevices();
          assert.equal(listed.id, device.id);
          await mfa.updateUserDevice(device.id);
          await auth.verifyRecoveryCode({ code: recoveryCodes[2], requestedScopes: ['credential:link'] });
          const fresh = await mfa.getRecoveryCodes(true);
          assert.notDeepEqual(fresh, recoveryCodes);
          assert.equal((await rejection(mfa.authDevice(code(1), 'totp', device.id))).code, 'mfa_invalid_code', 'it was used');
          await auth.verifyRecoveryCode({ code: fresh[0], requestedScopes: ['credential:unlink'] });
          await mfa.deleteUserDevice(device.id);
          assert.deepEqual(await mfa.getUserDevices(), []);
        });

        it('names enrolment where there is no passkey, enrols one, and proves it', async () => {
          const app = await signedIn(on.server, on.mailbox, { passkey: newAuthenticator() });
          const used = await at.page.use(() => [at.ours.useStepUpAuthentication(), at.ours.useRegisterPasskey(), at.ours.useGetPasskeys()], { client: app.client });
          const [auth, registerPasskey, getPasskeys] = used.now;
          const error = await rejection(auth.verifyPasskeyMfa({ requestedScopes: export_ }));
          assert.equal(error.code, 'no_passkey_credentials_found_error');
          assert.match(error.message, /registerPasskey/);
          await app.stepUp('credential:link');
          await registerPasskey();
          assert.equal((await getPasskeys()).length, 1);
          await auth.verifyPasskeyMfa({ requestedScopes: export_ });
          assert.equal(claimsOf(app.token('wallet:export')).acr, 'urn:stepup:phr');
        });
      });
    }
  });
};

const files = ['before', 'after'].flatMap((when) => ['prompt', 'totp', 'passkey'].map((how) => [when, how]));
const exported = files.map(([when, how]) => `export * as ${when}_${how} from './guide/react/${when}-${how}.jsx';`).join('\n');

export const reactGuide = (on) => {
  const { version } = on;
  describe('the upgrade guide, in React', () => {
    for (const major of Object.keys(majors)) {
      withPage(major, exported, (at) => {
        const withPasskey = async () => {
          const app = await signedIn(on.server, on.mailbox, { passkey: newAuthenticator() });
          if (version !== '2026_01_01') await app.stepUp('credential:link');
          await sdk.registerPasskey({}, app.client);
          return app;
        };

        it('before: keeps a token that works longer, and hands it out', async () => {
          const app = await withAuthenticator(on.server, on.mailbox);
          const asked = [];
          const hook = () => [at.ours.usePromptMfaAuth(), at.ours.useGetMfaToken(), at.ours.useMfa()];
          const { now } = await at.page.use(hook, { client: app.client, prompt: personWith(app, asked) });
          const [promptMfaAuth, getMfaToken, { deleteUserDevice }] = now;
          assert.equal(await getMfaToken(), undefined);
          if (version !== '2026_01_01') {
            assert.equal(await promptMfaAuth({ requestedScopes: ['credential:unlink'] }), app.token('credential:unlink'));
            await deleteUserDevice(app.device.id);
            return;
          }
          const token = await promptMfaAuth({ createMfaToken: { singleUse: false } });
          assert.equal(await getMfaToken(), token);
          await deleteUserDevice(app.device.id, token);
        });

        for (const [when, how] of files) {
          it(`${when}, ${how}`, async () => {
            const app = await (how === 'passkey' ? withPasskey() : withAuthenticator(on.server, on.mailbox));
            const { walletId, address } = await sdk.createWallet({ chain: 'EVM' }, app.client);
            const asked = [];
            let end;
            const done = new Promise((resolve) => { end = resolve; });
            const { ExportKey } = at[`${when}_${how}`];
            const element = at.React.createElement(ExportKey, {
              code: app.code?.(1),
              exportPrivateKey: () => addressOfExport((recipientKey) => sdk.exportWallet({ walletId, recipientKey }, app.client)),
              ended: (promise) => { promise.catch(() => {}); end([promise]); },
            });
            const page = at.page.draw(at.React.createElement(at.ours.StepUpProvider, { client: app.client, prompt: personWith(app, asked) }, element));
            await page.settled();
            page.click();
            const [result] = await done;
            if (when === 'before' && version !== '2026_01_01') {
              const error = await rejection(result); // the old token opens nothing under the new version, and the refusal says what does
              assert.deepEqual([error.code, error.scope], ['elevated_access_token_required', 'wallet:export']);
            } else {
              assert.equal(await result, address);
              const { headers } = app.requests.find((r) => r.path.endsWith('/privateKey/export'));
              assert.ok(headers[when === 'after' ? 'x-dyn-elevated-access-token' : 'x-mfa-auth-token']);
            }
            assert.deepEqual(asked, how === 'prompt' ? ['totp'] : []);
          });
        }
      });
    }
  });
};
