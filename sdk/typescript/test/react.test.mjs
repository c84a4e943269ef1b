// The React package on a fake server, with React 18 and 19: drawing without a page, hydration, StrictMode, identities, states.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as sdk from '@stepup-auth/client';
import { answer, elevated, fakeApp, memory, user, verify } from './lib/fake.mjs';
import { loadReact, majors, newPage, until } from './lib/react.mjs';

const walletId = '0b2f6d1e-6a3c-4a57-8a33-3f3ad6ed6f0f';
const wallet = (more = {}) => ({
  walletId, custodyModel: 'split', chain: 'EVM', address: '0xA', publicKey: '02', thresholdSignatureScheme: 'TWO_OF_TWO',
  generation: 1, state: 'active', createdAt: '2026-01-01T00:00:00Z', ...more,
});
const mail = { id: 'c1', format: 'email', email: 'a@b.c', signInEnabled: true };
const check = { isRequired: true, credentials: [{ id: 'c1', format: 'email', alias: 'a@b.c' }], reason: 'step_up_required' };

for (const major of Object.keys(majors)) {
  describe(`React ${major}`, () => {
    let kit;
    let page;
    let h;
    before(async () => {
      kit = await loadReact(major);
      page = newPage(kit);
      h = kit.React.createElement;
      assert.ok(kit.React.version.startsWith(`${major}.`));
    });

    /** Uses every hook there is. */
    const hooks = () => Object.entries({ ...kit.ours, ...kit.compat }).filter(([name]) => name.startsWith('use'));
    const demands = { useStepUp: [() => 1, { scope: 'wallet:sign' }], useSyncMfaFlow: [{ handler: () => {} }] };
    const everything = () => {
      for (const [name, hook] of hooks()) hook(...(demands[name] ?? []));
      const { status, user: who } = kit.ours.useSession();
      return h('p', null, `${status} ${who?.id ?? 'nobody'} ${kit.ours.useWallets().wallets.length}`);
    };
    const app = (client, more = {}) => h(kit.ours.StepUpProvider, { client, ...more }, h(everything));

    it('is drawn on a server without a page: asks nothing, knows nobody', async () => {
      assert.equal(typeof document, 'undefined');
      const { client, seen, signIn } = fakeApp();
      assert.equal(kit.renderToString(app(client)), '<p>loading nobody 0</p>');
      assert.equal(seen.length, 0);
      await signIn();
      assert.equal(kit.renderToString(app(client)), '<p>loading nobody 0</p>', 'not even of a client that is signed in');
      const settings = { environmentId: client.environmentId, apiBaseUrl: 'https://auth.example.com' };
      assert.equal(kit.renderToString(h(kit.compat.DynamicContextProvider, { settings }, h(everything))), '<p>loading nobody 0</p>');
    });

    it('says that a hook needs a provider', () => {
      for (const [name, hook] of hooks()) {
        const Alone = () => (hook(...(demands[name] ?? [])), null);
        const { error } = console;
        console.error = () => {};
        try {
          assert.throws(() => kit.renderToString(h(Alone)), { code: 'no_client' }, name);
        } finally {
          console.error = error;
        }
      }
    });

    describe('on a page', () => {
      before(() => page.open());
      after(() => page.close());

      it('takes over what a server drew, and then says who is there', async () => {
        const { client, signIn } = fakeApp({ 'GET /waas': { wallets: [wallet()] } });
        const html = kit.renderToString(app(client));
        await signIn();
        const drawn = page.draw(app(client), { html });
        await until(() => drawn.text() === 'signedIn u1 1');
        assert.deepEqual(page.complaints, []);
      });

      it('says when a second factor is owed, and then that the codes are to be kept, once each', async () => {
        const owing = (more) => ({ user: user({ scope: 'user:basic requiresAdditionalAuth', ...more }) });
        const { client, routes, signIn } = fakeApp({
          'POST /emailVerifications/signin': () => verify(owing()),
          'POST /users/mfa/auth/totp': () => verify({ user: user({ mfaBackupCodeAcknowledgement: 'pending' }) }),
        });
        const called = [];
        const used = await page.use(() => kit.ours.useSyncMfaFlow({ handler: () => { called.push(sdk.isUserMissingMfaAuth(client)); } }), { client });
        await signIn();
        await until(() => called.length > 0);
        used.redraw();
        await sdk.authenticateTotpMfaDevice({ code: '123456' }, client);
        await until(() => called.includes(false));
        assert.deepEqual(called.filter((one, i) => one !== called[i - 1]), [true, false]);
        const before = called.length;
        routes['POST /refresh'] = () => verify();
        await sdk.refreshAuth(client);
        await new Promise(setImmediate);
        assert.equal(called.length, before, 'nothing is owed any more');
      });

      it('loads the session once in StrictMode, and follows it', async () => {
        const { client, paths, signIn } = fakeApp();
        const used = await page.use(kit.ours.useSession, { client });
        assert.deepEqual(used.seen[0], { status: 'loading', user: null, error: null });
        await until(() => used.now.status === 'signedOut');
        assert.deepEqual(paths(), ['GET /settings']);
        await signIn();
        await until(() => used.now.status === 'signedIn');
        assert.equal(used.now.user, client.user);
        const { now } = used;
        used.redraw();
        await new Promise(setImmediate);
        assert.equal(used.now, now, 'the same while nothing changes');
        await sdk.logout(client);
        await until(() => used.now.status === 'signedOut');
        used.unmount();
        const drawings = used.seen.length;
        await signIn();
        assert.equal(used.seen.length, drawings, 'nobody listens any more');
      });

      it('tells whoever waits for their device, and finishes what the link began, once', async () => {
        const waiting = () => verify({ user: user({ scope: 'device:register' }) });
        const registered = () => verify({ user: user({ sessionId: 's2' }), claims: { sid: 's2' } });
        const list = { count: 1, deviceRegistrations: [{ id: 'd1', createdAt: '2026-01-01T00:00:00Z', userAgent: 'Firefox/1 Linux', isCurrentDevice: true }] };
        const { client, paths, routes, signIn } = fakeApp({
          'POST /emailVerifications/signin': waiting, 'GET /deviceRegistrations': list,
          'POST /deviceRegistration': answer({ error: 'no', code: 'invalid_device_registration' }, 422),
        });
        await signIn();
        const Devices = () => {
          const { devices, isLoading, isRegistrationRequired } = kit.ours.useRegisteredDevices();
          return h('p', null, isRegistrationRequired ? 'waits' : isLoading ? 'loading' : devices.map(({ id }) => id).join());
        };
        const strict = (more) => h(kit.ours.StepUpProvider, { client, ...more }, h(Devices)); // drawn in StrictMode
        const silent = page.draw(strict({ deviceRegistrationModal: { enabled: false } }));
        await until(() => silent.text() === 'waits');
        silent.unmount();
        const told = page.draw(strict());
        await until(() => told.text().includes('Is this your device?') && told.text().includes('within 10 minutes'));
        told.unmount();

        window.history.replaceState(null, '', '/?deviceRegistrationToken=old&keep=1#here');
        const failed = page.draw(strict());
        await until(() => failed.text().includes('That link does not work here'));
        assert.equal(paths().filter((p) => p === 'POST /deviceRegistration').length, 1, 'in StrictMode too');
        failed.unmount();

        routes['POST /deviceRegistration'] = registered;
        window.history.replaceState(null, '', '/?deviceRegistrationToken=new&keep=1#here');
        const done = page.draw(strict());
        await until(() => done.text() === 'd1');
        assert.equal(window.location.href, 'http://localhost:3000/?keep=1#here');
        assert.equal(client.user.sessionId, 's2');
      });

      it('follows what another tab does', async () => {
        const storage = memory();
        const [here, there] = [fakeApp({}, { storage }), fakeApp({}, { storage })];
        const used = await page.use(kit.ours.useSession, { client: here.client });
        await until(() => used.now.status === 'signedOut');
        await there.signIn();
        await until(() => used.now.status === 'signedIn');
        await sdk.logout(there.client);
        await until(() => used.now.status === 'signedOut');
      });

      it('says when the server cannot be asked, until a call can', async () => {
        const { client, routes, signIn } = fakeApp();
        const { 'GET /settings': settings } = routes;
        routes['GET /settings'] = answer({ error: 'no', code: 'x' }, 500);
        const used = await page.use(kit.ours.useSession, { client });
        await until(() => used.now.status === 'failed');
        assert.equal(used.now.error.code, 'x');
        routes['GET /settings'] = settings;
        await signIn();
        await until(() => used.now.status === 'signedIn');
        await sdk.logout(client);
        await until(() => used.now.status === 'signedOut');
      });

      it('takes another client: nothing of the first is seen any more', async () => {
        const [first, second] = [fakeApp({ 'GET /waas': { wallets: [wallet()] } }), fakeApp()];
        await first.signIn();
        const drawn = page.draw(app(first.client));
        await until(() => drawn.text() === 'signedIn u1 1');
        drawn.redraw(app(second.client));
        await until(() => drawn.text() === 'signedOut nobody 0');
      });

      it('gives functions that stay the same', async () => {
        const { client, signIn } = fakeApp({ 'POST /emailVerifications/create': { verificationUUID: 'v', email: 'a@b.c' } });
        const used = await page.use(() => hooks().map(([name, hook]) => [name, hook(...(demands[name] ?? []))]), { client });
        const functions = () => used.now.flatMap(([name, value]) =>
          typeof value === 'function' ? [[name, value]] : Object.entries(value ?? {}).filter(([, f]) => typeof f === 'function').map(([member, f]) => [`${name}.${member}`, f]));
        const before = functions();
        assert.ok(before.length > 30, `${before.length}`);
        used.redraw();
        await signIn();
        await until(() => used.now.some(([name, value]) => name === 'useSession' && value.user));
        const now = functions();
        assert.deepEqual(before.filter(([, f], i) => now[i][1] !== f).map(([name]) => name), []);
      });

      it('wants to be told what for, and otherwise sends nothing', async () => {
        const { client, paths, signIn } = fakeApp({ default: () => answer({ error: 'no', code: 'x' }, 400) });
        await signIn();
        const used = await page.use(() => kit.ours.useStepUpAuthentication(), { client });
        const before = paths().length;
        const calls = ['promptStepUpAuth', 'promptMfa', 'promptReauthenticate', 'verifyOtp', 'verifyWallet', 'verifySocial', 'verifyPasskeyMfa', 'verifyTotpMfa', 'verifyRecoveryCode'];
        for (const name of calls) {
          for (const params of [undefined, {}, { requestedScopes: [], code: '1', verificationToken: '1', provider: 'github' }]) {
            await assert.rejects(used.now[name](params), { code: 'invalid_param' }, name);
          }
        }
        await assert.rejects(used.now.checkStepUpAuth({}), { code: 'invalid_param' });
        await assert.rejects(used.now.sendOtp(), { code: 'step_up_unavailable', reason: 'no_method' });
        assert.equal(paths().length, before);
      });

      it('sends codes where it is told to, and keeps a state', async () => {
        const phone = { id: 'c2', format: 'phoneNumber', phoneNumber: '4155550123', phoneCountryCode: '1', isoCountryCode: 'US', signInEnabled: true };
        const { client, seen, routes, signIn } = fakeApp({
          'POST /emailVerifications/signin': () => verify({ user: user({ verifiedCredentials: [{ ...mail, signInEnabled: false }, phone] }) }),
          'POST /smsVerifications/create': { verificationUUID: 's', phoneNumber: '4155550123', phoneCountryCode: '1', isoCountryCode: 'US' },
          'POST /emailVerifications/verify': () => answer({ error: 'no', code: 'wrong_email_verification_token' }, 400),
        });
        await signIn();
        const used = await page.use(() => kit.ours.useStepUpAuthentication(), { client });
        await used.now.sendOtp();
        assert.deepEqual(seen.at(-1).body, { phoneNumber: '+14155550123', isoCountryCode: 'US' });
        const targeted = await page.use(() => kit.ours.useStepUpAuthentication({ credentialId: 'c1' }), { client });
        const idle = { isPending: false, error: null, otpVerification: null };
        assert.deepEqual(targeted.now.state, idle);
        let answerIt;
        routes['POST /emailVerifications/create'] = () => new Promise((resolve) => { answerIt = resolve; });
        const sent = targeted.now.sendOtp({ requestedScopes: ['wallet:export'] });
        await until(() => answerIt && targeted.now.state.isPending);
        answerIt({ verificationUUID: 'v', email: 'a@b.c' });
        assert.equal(await sent, await until(() => targeted.now.state.otpVerification));
        assert.deepEqual(seen.at(-1).body, { email: 'a@b.c', requestedScopes: ['wallet:export'] });
        routes['POST /emailVerifications/create'] = { verificationUUID: 'w', email: 'a@b.c' };
        await used.now.sendOtp({ credentialId: 'c1' });
        assert.equal(seen.at(-1).body.email, 'a@b.c');

        await assert.rejects(targeted.now.verifyOtp({ verificationToken: '1', requestedScopes: ['wallet:export'] }), { code: 'wrong_email_verification_token' });
        await until(() => targeted.now.state.error);
        assert.equal(targeted.now.state.error.code, 'wrong_email_verification_token');
        assert.ok(targeted.now.state.otpVerification, 'it can be tried again');
        targeted.now.resetState();
        await until(() => !targeted.now.state.error);
        assert.deepEqual(targeted.now.state, idle);

        answerIt = undefined;
        routes['POST /emailVerifications/verify'] = () => new Promise((resolve) => { answerIt = resolve; });
        const late = targeted.now.verifyOtp({ verificationToken: '1', requestedScopes: ['wallet:export'] });
        await until(() => answerIt && targeted.now.state.isPending);
        targeted.now.resetState();
        answerIt(verify({ elevatedAccessToken: elevated('wallet:export') }));
        await late;
        await until(() => !targeted.now.state.isPending);
        assert.deepEqual(targeted.now.state, idle, 'what is late says nothing');
      });

      it('wraps an action: outcome, arguments, the newest action, errors', async () => {
        const { client, signIn } = fakeApp({ 'POST /stepUp/check': check });
        await signIn();
        const asked = [];
        const prompt = async ({ requestedScopes }) => {
          asked.push(...requestedScopes);
          throw new sdk.StepUpCancelledError();
        };
        let action = () => assert.fail('an old action ran');
        let scope = 'wallet:export';
        const used = await page.use(() => kit.ours.useStepUp((context, ...args) => action(context, ...args), { scope }), { client, prompt });
        const { run } = used.now;
        assert.equal((await run(1)).outcome, 'cancelled');
        await until(() => used.now.done?.outcome === 'cancelled');
        assert.deepEqual([used.now.isPending, used.now.error, asked], [false, null, ['wallet:export']]);

        const { client: free, signIn: enter } = fakeApp({ 'POST /stepUp/check': { isRequired: false, credentials: [] } });
        await enter();
        let release;
        let show;
        const Counter = () => {
          const [n, setN] = kit.React.useState(0);
          show = setN;
          const step = kit.ours.useStepUp(async ({ token }, a, b) => {
            await new Promise((resolve) => { release = resolve; });
            if (b === 'fail') throw new RangeError('mine');
            return [n, a, b, token()];
          }, { scope: 'user:update' });
          Object.assign(Counter, { step });
          return h('p', null, `${n} ${step.isPending} ${step.done?.outcome} ${step.error}`);
        };
        const drawn = page.draw(h(kit.ours.StepUpProvider, { client: free }, h(Counter)));
        await until(() => drawn.text() === '0 false undefined null');
        show(7);
        await until(() => drawn.text() === '7 false undefined null');
        const done = Counter.step.run('a', 'b');
        await until(() => drawn.text() === '7 true undefined null' && release);
        release();
        assert.deepEqual(await done, { outcome: 'alreadyAuthorised', result: [7, 'a', 'b', undefined] });
        await until(() => drawn.text() === '7 false alreadyAuthorised null');
        release = undefined;
        const failed = assert.rejects(Counter.step.run('a', 'fail'), RangeError);
        await until(() => release);
        release();
        await failed;
        await until(() => drawn.text() === '7 false undefined RangeError: mine');
        Counter.step.reset();
        await until(() => drawn.text() === '7 false undefined null');
      });

      it('asks with its prompt while it is mounted, always with the newest', async () => {
        const { client, signIn } = fakeApp({ 'POST /stepUp/check': check });
        await signIn();
        const requestedScopes = ['wallet:export'];
        const asked = [];
        const asking = (name) => async () => { asked.push(name); throw new sdk.StepUpCancelledError(); };
        const drawn = page.draw(h(kit.ours.StepUpProvider, { client, prompt: asking('first') }, 'x'));
        await drawn.settled();
        await assert.rejects(sdk.promptStepUpAuth({ requestedScopes }, client), { code: 'step_up_cancelled' });
        drawn.redraw(h(kit.ours.StepUpProvider, { client, prompt: asking('second') }, 'y'));
        await drawn.settled();
        await assert.rejects(sdk.promptStepUpAuth({ requestedScopes }, client), { code: 'step_up_cancelled' });
        assert.deepEqual(asked, ['first', 'second']);
        drawn.unmount();
        await new Promise(setImmediate);
        await assert.rejects(sdk.promptStepUpAuth({ requestedScopes }, client), { reason: 'no_prompt' });
      });

      it('asks for wallets once for all, keeps their objects, and mixes no sessions', async () => {
        let late;
        let listed = [wallet({ state: 'disabled' }), wallet({ walletId: `${walletId.slice(0, -1)}e`, address: '0xB' })];
        const { client, paths, routes, signIn } = fakeApp({ 'GET /waas': () => ({ wallets: listed }) });
        const asks = () => paths().filter((path) => path === 'GET /waas').length;
        const [list, primary] = [await page.use(kit.ours.useWallets, { client }), await page.use(kit.ours.usePrimaryWallet, { client })];
        await until(() => client.initStatus === 'finished');
        assert.deepEqual([list.now.isLoading, primary.now, asks()], [false, null, 0], 'nobody is signed in');
        await signIn();
        await until(() => primary.now);
        assert.deepEqual([primary.now.address, list.now.wallets.length, asks()], ['0xB', 2, 1]);
        const [first, second] = list.now.wallets;
        listed = [listed[0], { ...listed[1], generation: 2 }];
        routes[`POST /waas/${second.id}/refresh`] = () => listed[1];
        await second.refresh();
        await until(() => list.now.wallets[1] !== second);
        assert.equal(list.now.wallets[0], first);
        assert.equal(primary.now.details.generation, 2);

        routes['GET /waas'] = answer({ error: 'no', code: 'wallet_service_off' }, 403);
        await assert.rejects(list.now.reload(), { code: 'wallet_service_off' });
        await until(() => list.now.error);
        assert.equal(list.now.wallets.length, 2, 'what was known stays');
        await primary.now.refresh(); // it was done, whatever the list says

        const answers = [];
        routes['GET /waas'] = () => new Promise((resolve) => answers.push(resolve));
        const both = [list.now.reload(), list.now.reload()];
        await until(() => answers.length === 2);
        answers[1]({ wallets: [{ ...listed[1], generation: 3 }] });
        await both[1];
        answers[0]({ wallets: listed });
        await both[0];
        await until(() => primary.now.details.generation === 3);
        assert.equal(list.now.wallets.length, 1, 'what is overtaken says nothing');

        routes['GET /waas'] = () => new Promise((resolve) => { late = resolve; });
        const reloading = list.now.reload();
        await until(() => late);
        await sdk.logout(client);
        await until(() => list.now.wallets.length === 0);
        late({ wallets: listed });
        await reloading;
        assert.deepEqual([list.now.wallets.length, primary.now], [0, null]);
        const other = { sub: 'u2', sid: 's2' };
        routes['POST /emailVerifications/signin'] = () => verify({ claims: other, user: user({ id: 'u2', sessionId: 's2' }) });
        routes['GET /waas'] = { wallets: [] };
        await signIn();
        await until(() => list.now.error === null && !list.now.isLoading);
        assert.deepEqual([list.now.wallets.length, primary.now], [0, null]);
      });

      it('has the published provider: one client however often it is mounted, and what apps read of its context', async () => {
        const { client, signIn } = fakeApp({ 'GET /waas': { wallets: [wallet()] } });
        await signIn();
        const fetches = [];
        const settings = {
          environmentId: client.environmentId,
          walletConnectors: [],
          apiBaseUrl: 'https://auth.example.com/api/v0',
          coreConfig: { fetch: async (url) => { fetches.push(String(url)); return answer({ environmentName: 'x', security: {}, sdk: {} }); } },
        };
        const clients = new Set();
        const hook = () => { clients.add(kit.ours.useStepUpClient()); return kit.compat.useDynamicContext(); };
        const [one] = [await page.use(hook, { settings }, kit.compat.DynamicContextProvider), await page.use(hook, { settings }, kit.compat.DynamicContextProvider)];
        await until(() => one.now.sdkHasLoaded);
        assert.deepEqual([clients.size, fetches.length, one.seen[0].sdkHasLoaded, one.now.user], [1, 1, false, null]);

        const context = await page.use(kit.compat.useDynamicContext, { client });
        await until(() => context.now.primaryWallet);
        assert.deepEqual([context.now.user.userId, context.now.primaryWallet.address], ['u1', '0xA']);
        await context.now.handleLogOut();
        await until(() => context.now.user === null && context.now.primaryWallet === null);
        assert.equal(client.user, null);
      });
    });
  });
}
