// ensure and promptStepUpAuth: outcomes, the one retry, one prompt at a time, against a real on.server.
import assert from 'node:assert/strict';
import { afterEach, describe, it } from 'node:test';
import * as sdk from '@stepup-auth/client';
import { openApp, rejection, signedIn, withAuthenticator } from '../lib/app.mjs';

export const ensureTests = (on) => {
  const taken = [];
  afterEach(() => { for (const take of taken.splice(0)) take(); });

  /** A prompt that a person with a mailbox answers; asked counts what it was opened for. */
  const answering = (app) => {
    const asked = [];
    taken.push(sdk.registerStepUpPrompt({
      prompt: async ({ requestedScopes, check, binding, client }) => {
        asked.push(requestedScopes.join(' '));
        assert.ok(Array.isArray(check.credentials));
        await sdk.sendEmailOTP({ email: app.email, requestedScopes, ...(binding ? { bindingId: binding.bindingId } : {}) }, client);
        await sdk.verifyOTP({ verificationToken: await on.mailbox.code(app.email) }, client);
      },
    }, app.client));
    return asked;
  };
  const cancelling = (app) => taken.push(sdk.registerStepUpPrompt({ prompt: () => Promise.reject(new sdk.StepUpCancelledError()) }, app.client));
  const never = () => assert.fail('the action ran');

  describe('outcomes', () => {
    it('already authorised: no proof is needed, or one is held', async () => {
      const app = await signedIn(on.server, on.mailbox);
      assert.deepEqual(await sdk.ensure('user:update', () => 7, app.client), { outcome: 'alreadyAuthorised', result: 7 });
      await app.stepUp('credential:link');
      assert.deepEqual(await sdk.ensure({ scope: 'credential:link' }, async () => 8, app.client), { outcome: sdk.StepUpOutcome.AlreadyAuthorised, result: 8 });
    });

    it('verified: asks, and runs the action with the token attached', async () => {
      const app = await signedIn(on.server, on.mailbox);
      const asked = answering(app);
      const { walletId } = await sdk.createWallet({ chain: 'EVM' }, app.client);
      const before = app.requests.length;
      const done = await sdk.ensure('wallet:sign', () => sdk.signWithWallet({ walletId, message: 'hi' }, app.client), app.client);
      assert.deepEqual([done.outcome, asked], ['verified', ['wallet:sign']]);
      assert.match(done.result.signature, /^0x/);
      const made = app.requests.slice(before).map((r) => r.path);
      assert.deepEqual(made, ['/stepUp/check', '/emailVerifications/create', '/emailVerifications/verify', `/waas/${walletId}/signMessage`], 'not chattier than it must be');
    });

    it('cancelled: the action does not run', async () => {
      const app = await signedIn(on.server, on.mailbox);
      cancelling(app);
      const done = await sdk.ensure('wallet:export', never, app.client);
      assert.equal(done.outcome, 'cancelled');
      assert.equal(done.error.code, 'step_up_cancelled');
      assert.ok((await rejection(sdk.promptStepUpAuth({ requestedScopes: ['wallet:export'] }, app.client))) instanceof sdk.StepUpCancelledError);
    });

    it('unavailable: without a prompt, and when nobody can be asked', async () => {
      const app = await signedIn(on.server, on.mailbox);
      const done = await sdk.ensure('wallet:export', never, app.client);
      assert.deepEqual([done.outcome, done.error.code, done.error.reason], ['unavailable', 'step_up_unavailable', 'no_prompt']);
      assert.equal((await rejection(sdk.promptStepUpAuth({ requestedScopes: ['wallet:export'] }, app.client))).reason, 'no_prompt');
      const broken = await signedIn(on.server, on.mailbox, { fetch: (url, init) => (String(url).endsWith('/stepUp/check') ? Promise.reject(new TypeError('offline')) : fetch(url, init)) });
      answering(broken);
      const failed = await sdk.ensure('wallet:export', never, broken.client);
      assert.deepEqual([failed.outcome, failed.error.reason, failed.error.cause.code], ['unavailable', 'check_failed', 'network_error']);
    });

    it('neither: what the action or the verification rejects with goes through', async () => {
      const app = await signedIn(on.server, on.mailbox);
      await assert.rejects(sdk.ensure('user:update', () => { throw new RangeError('mine'); }, app.client), RangeError);
      taken.push(sdk.registerStepUpPrompt({ prompt: async () => {} }, app.client));
      assert.equal((await rejection(sdk.ensure('wallet:export', never, app.client))).code, 'no_elevated_token');
      await assert.rejects(sdk.ensure('wallet:export', never, openApp(on.server).client), { code: 'user_not_authenticated' });
      await assert.rejects(sdk.promptStepUpAuth({ requestedScopes: [] }, app.client), { code: 'invalid_param' });
    });
  });

  describe('the one retry', () => {
    it('on our own 403: a token that the server has given up', async () => {
      const app = await signedIn(on.server, on.mailbox);
      const asked = answering(app);
      const { walletId } = await sdk.createWallet({ chain: 'EVM' }, app.client);
      await app.stepUp('wallet:sign');
      const token = app.token('wallet:sign'); // spent behind the client's back
      await on.server.call('POST', `/waas/${walletId}/signMessage`, { authorization: `Bearer ${app.client.token}`, 'x-dyn-elevated-access-token': token, body: { message: 'hi' } });
      const done = await sdk.ensure('wallet:sign', () => sdk.signWithWallet({ walletId, message: 'ho' }, app.client), app.client);
      assert.deepEqual([done.outcome, asked], ['verified', ['wallet:sign']]);
    });

    const challenge = (status, header, body) => () => new Response(body ? JSON.stringify(body) : null, { status, headers: { ...(header ? { 'www-authenticate': header } : {}), 'content-type': 'application/json' } });
    const refusals = {
      'insufficient_scope of anybody': challenge(403, 'Bearer realm="x", error="insufficient_scope", scope="transfer:create"'),
      'insufficient_user_authentication (RFC 9470)': challenge(401, 'Bearer error="insufficient_user_authentication"'),
      'our 403 from a guard': challenge(403, undefined, { error: 'x', code: 'elevated_access_token_required', payload: { scope: 'transfer:create', reason: 'spent' } }),
    };
    for (const [name, refuse] of Object.entries(refusals)) {
      it(`on ${name}, once`, async () => {
        const app = await signedIn(on.server, on.mailbox);
        const asked = answering(app);
        const tokens = [];
        const done = await sdk.ensure('transfer:create', ({ token }) => {
          tokens.push(token());
          return tokens.length === 1 ? refuse() : new Response('done');
        }, app.client);
        assert.deepEqual([done.outcome, await done.result.text(), asked.length], ['verified', 'done', 2]);
        assert.notEqual(tokens[0], tokens[1]);
        assert.equal(app.token('transfer:create'), undefined, 'taken and used');

        let runs = 0;
        const refused = await sdk.ensure('transfer:create', ({ token }) => { runs += 1; token(); return refuse(); }, app.client);
        assert.deepEqual([runs, refused.result.ok], [2, false]);
      });
    }

    it('not on any other refusal', async () => {
      const app = await signedIn(on.server, on.mailbox);
      for (const response of [new Response(null, { status: 403 }), new Response('{}', { status: 401, headers: { 'www-authenticate': 'Bearer error="invalid_token"' } }), new Response('[]', { status: 500 })]) {
        const done = await sdk.ensure('user:update', () => response, app.client);
        assert.equal(done.result, response);
        await response.text(); // its body is still the app's
      }
    });
  });

  describe('the prompt', () => {
    it('answers at once where a token is held, with that token', async () => {
      const app = await signedIn(on.server, on.mailbox);
      const asked = answering(app);
      const token = await sdk.promptStepUpAuth({ requestedScopes: ['credential:link', 'credential:unlink'] }, app.client);
      assert.equal(token, app.token('credential:link'));
      assert.equal(await sdk.promptStepUpAuth({ requestedScopes: ['credential:unlink'] }, app.client), token);
      assert.deepEqual(asked, ['credential:link credential:unlink']);
    });

    it('is open once: the same question shares it, another waits', async () => {
      const app = await signedIn(on.server, on.mailbox);
      let open = 0;
      const asked = [];
      taken.push(sdk.registerStepUpPrompt({
        prompt: async ({ requestedScopes }) => {
          assert.equal(open += 1, 1, 'two prompts at once');
          asked.push(...requestedScopes);
          await app.stepUp(...requestedScopes);
          open -= 1;
        },
      }, app.client));
      const ask = (scope) => sdk.promptStepUpAuth({ requestedScopes: [scope] }, app.client);
      const [a, b, c] = await Promise.all([ask('wallet:export'), ask('wallet:export'), ask('credential:link')]);
      assert.equal(a, b);
      assert.notEqual(a, c);
      assert.deepEqual(asked.sort(), ['credential:link', 'wallet:export']);
    });

    it('closes when the session ends', async () => {
      const app = await signedIn(on.server, on.mailbox);
      let closed = false;
      taken.push(sdk.registerStepUpPrompt({ prompt: ({ signal }) => new Promise(() => { signal.addEventListener('abort', () => { closed = true; }); }) }, app.client));
      const asked = sdk.promptStepUpAuth({ requestedScopes: ['wallet:export'] }, app.client);
      asked.catch(() => {});
      while (!app.requests.some((r) => r.path === '/stepUp/check')) await new Promise(setImmediate);
      await new Promise(setImmediate);
      await sdk.logout(app.client);
      assert.equal((await rejection(asked)).code, 'step_up_cancelled');
      assert.equal(closed, true);
    });

    it('confirms one transaction, whatever is held', async () => {
      const app = await signedIn(on.server, on.mailbox);
      const asked = answering(app);
      const { walletId } = await sdk.createWallet({ chain: 'EVM' }, app.client);
      await app.stepUp('wallet:sign');
      const request = { walletId, message: 'exactly this' };
      const { binding } = await sdk.getWalletIntent(request, app.client);
      const done = await sdk.ensure({ scope: 'wallet:sign', binding }, () => sdk.signWithWallet({ ...request, binding }, app.client), app.client);
      assert.deepEqual([done.outcome, asked], ['verified', ['wallet:sign']]);
      assert.ok(app.token('wallet:sign'), 'the token that is bound to nothing was not needed');
    });

    it('offers second factors alone, or everything else alone, and says when there is none', async () => {
      const app = await withAuthenticator(on.server, on.mailbox);
      const offered = [];
      taken.push(sdk.registerStepUpPrompt({
        prompt: async ({ check, requestedScopes, client }) => {
          offered.push(...check.credentials.map(({ type, format }) => type ?? format), check.defaultCredentialId === check.credentials[0].id);
          await sdk.authenticateTotpMfaDevice({ code: app.code(1), requestedScopes }, client);
        },
      }, app.client));
      const requestedScopes = ['wallet:export'];
      assert.equal((await rejection(sdk.promptStepUpAuth({ requestedScopes, methods: 'reauthentication' }, app.client))).reason, 'no_method');
      await sdk.promptStepUpAuth({ requestedScopes, methods: 'mfa' }, app.client);
      assert.deepEqual(offered, ['totp', true]);

      const mailed = await signedIn(on.server, on.mailbox);
      const asked = answering(mailed);
      assert.equal((await rejection(sdk.promptStepUpAuth({ requestedScopes, methods: 'mfa' }, mailed.client))).reason, 'no_method');
      await sdk.promptStepUpAuth({ requestedScopes, methods: 'reauthentication' }, mailed.client);
      assert.deepEqual(asked, ['wallet:export']);
    });

    it('may be one for all clients', async () => {
      const app = await signedIn(on.server, on.mailbox);
      taken.push(sdk.registerStepUpPrompt({ prompt: ({ requestedScopes }) => app.stepUp(...requestedScopes) }));
      assert.ok(await sdk.promptStepUpAuth({ requestedScopes: ['wallet:export'] }));
    });
  });
};
