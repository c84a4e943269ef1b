// Servers, pages and tabs that lie: what the client sends, keeps and believes.
import assert from 'node:assert/strict';
import http from 'node:http';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import * as sdk from '@stepup-auth/client';
import { findWallets } from '@stepup-auth/client/prompt';
import { rejection } from './lib/app.mjs';
import { answer, base, elevated, environmentId, fakeApp, issuer, jwt, memory, otherEnvironment, refusal, sessionClaims, settings, user, verify } from './lib/fake.mjs';

const tokenOf = (app, scope) => sdk.getElevatedAccessToken({ scope, consume: false }, app.client);
const totp = (requestedScopes, client) => sdk.authenticateTotpMfaDevice({ code: '123456', requestedScopes }, client);

describe('tokens go to the configured server and nowhere else', () => {
  it('whatever an id or a setting says', async () => {
    const app = fakeApp({ default: () => answer({ error: 'x', code: 'not_found' }, 404), 'POST /users/mfa/auth/totp': () => verify({ elevatedAccessToken: elevated('wallet:sign credential:unlink', { singleUse: false }) }) });
    await app.signIn();
    await totp(['wallet:sign', 'credential:unlink'], app.client);
    for (const walletId of ['..', '.', '', '../../../evil', 'https://evil.example/', '//evil.example', 'a/b?c#d', '%2e%2e']) {
      const error = await rejection(sdk.signWithWallet({ walletId, message: 'x' }, app.client));
      assert.ok(['invalid_param', 'not_found'].includes(error.code), `${walletId}: ${error.code}`);
    }
    await rejection(sdk.deleteMfaDevice({ deviceId: '../../users' }, app.client));
    for (const { url } of app.seen) {
      assert.equal(new URL(url).href.startsWith(`${issuer}/`), true, url);
      assert.ok(!url.includes('eyJ'), url);
    }
    assert.ok(app.seen.every(({ init }) => init.redirect === 'manual' && init.credentials === 'omit' && init.referrerPolicy === 'no-referrer' && init.cache === 'no-store'));
  });

  it('not after a redirect, on a real connection', async () => {
    const stolen = [];
    const evil = http.createServer((request, response) => { stolen.push(request.headers); response.end('{}'); }).listen(0, '127.0.0.1');
    await once(evil, 'listening');
    const server = http.createServer((request, response) => {
      if (request.url.endsWith('/settings')) return response.setHeader('content-type', 'application/json').end(JSON.stringify(settings()));
      return response.writeHead(307, { location: `http://127.0.0.1:${evil.address().port}/` }).end();
    }).listen(0, '127.0.0.1');
    await once(server, 'listening');
    try {
      const client = sdk.createStepUpClient({ environmentId, apiBaseUrl: `http://127.0.0.1:${server.address().port}` });
      assert.equal((await rejection(sdk.sendEmailOTP({ email: 'a@b.c' }, client))).code, 'invalid_response');
      assert.deepEqual(stolen, []);
    } finally {
      for (const s of [server, evil]) { s.closeAllConnections(); s.close(); }
    }
  });

  it('and only to a server over HTTPS, or on this machine', () => {
    const make = (apiBaseUrl, id = environmentId) => () => sdk.createStepUpClient({ environmentId: id, apiBaseUrl });
    for (const bad of ['http://auth.example.com', 'http://localhost.evil.example', 'http://127.0.0.1.evil.example/', 'https://user:pass@x', 'https://x/?a', 'https://x/#a', 'https://x/../y', 'javascript:alert(1)', '//x', '', undefined, 'https://x\\@y']) {
      assert.throws(make(bad), { code: 'invalid_param' }, String(bad));
    }
    for (const bad of ['x', '..', null, `${environmentId}/../x`]) assert.throws(make(base, bad), { code: 'invalid_param' }, bad);
    for (const good of ['https://auth.example.com/', 'https://x/prefix/api/v0', 'http://localhost:8080', 'http://[::1]:1']) assert.equal(make(good)().apiBaseUrl.endsWith('/api/v0'), true);
    assert.equal(make(base, environmentId.toUpperCase())().environmentId, environmentId);
  });
});

describe('what a server says is not believed', () => {
  it('about another user, session or environment', async () => {
    const lies = {
      'another environment': verify({ user: user({ projectEnvironmentId: otherEnvironment }) }),
      'a token of another environment': verify({ claims: { environment_id: otherEnvironment } }),
      'a token of another user': verify({ claims: { sub: 'u2' } }),
      'a token of another session': verify({ claims: { sid: 's2' } }),
      'no session': verify({ user: user({ sessionId: undefined }) }),
      'no token': verify({ minifiedJwt: undefined }),
      'an elevated token of another user': verify({ elevatedAccessToken: elevated('wallet:sign', { sub: 'u2' }) }),
    };
    for (const [name, lie] of Object.entries(lies)) {
      const app = fakeApp({ 'POST /emailVerifications/signin': lie });
      assert.equal((await rejection(app.signIn())).code, 'identity_mismatch', name);
      assert.equal(app.client.user, null, name);
    }
    const within = { 'another user': verify({ user: user({ id: 'u2' }), claims: { sub: 'u2' } }), 'another session': verify({ user: user({ sessionId: 's2' }), claims: { sid: 's2' } }) };
    for (const [name, lie] of Object.entries(within)) {
      const app = fakeApp({ 'POST /users/mfa/auth/totp': lie });
      await app.signIn();
      assert.equal((await rejection(totp(['wallet:sign'], app.client))).code, 'identity_mismatch', name);
      assert.deepEqual([app.client.user.id, app.client.user.sessionId], ['u1', 's1']);
    }
  });

  it('in elevated tokens that are none', async () => {
    for (const token of ['x', 'a.b.c', '..', jwt({ ...sessionClaims }), jwt({ ...sessionClaims, scope: ['wallet:sign'], exp: 9e9 }), jwt({ ...sessionClaims, scope: 'wallet:sign' }), jwt({ ...sessionClaims, scope: 'wallet:sign', exp: 'soon' })]) {
      const app = fakeApp({ 'POST /users/mfa/auth/totp': verify({ elevatedAccessToken: token }) });
      await app.signIn();
      assert.equal((await rejection(totp(['wallet:sign'], app.client))).code, 'invalid_response', token);
    }
    for (const token of [undefined, null, elevated('wallet:export')]) {
      const app = fakeApp({ 'POST /users/mfa/auth/totp': verify({ elevatedAccessToken: token }) });
      await app.signIn();
      assert.equal((await rejection(totp(['wallet:sign'], app.client))).code, 'no_elevated_token');
    }
  });

  it('and never pollutes a prototype', async () => {
    const evil = (body) => JSON.stringify(body).replaceAll('"PROTO"', '"__proto__"');
    const pollution = { PROTO: { polluted: true }, constructor: { prototype: { polluted: true } } };
    const app = fakeApp({
      'GET /settings': answer(evil({ ...settings(), ...pollution, security: { ...settings().security, ...pollution } })),
      'POST /emailVerifications/signin': () => answer(evil(verify({ user: user({ metadata: pollution, ...pollution }), ...pollution }))),
      'POST /stepUp/check': answer(evil({ isRequired: true, credentials: [pollution, { id: 'c', format: 'totp' }], ...pollution })),
      'POST /waas/w/signMessage': answer(evil({ error: 'x', code: 'PROTO', payload: pollution }), 422),
    }, { storage: memory() });
    await app.signIn();
    assert.equal((await sdk.checkStepUpAuth({ scope: 'wallet:sign' }, app.client)).reason, 'check_failed');
    const error = await rejection(sdk.signWithWallet({ walletId: 'w', message: 'x' }, app.client));
    assert.ok(error instanceof sdk.APIError);
    for (const object of [{}, [], app.client.user, app.client.user.metadata, app.client.projectSettings, error.payload]) assert.equal(object.polluted, undefined);
    const inherits = fakeApp({ 'GET /settings': { environmentName: 'x' } });
    assert.equal((await rejection(sdk.initializeClient(inherits.client))).code, 'invalid_response');
  });

  it('when it is huge, endless, slow, no JSON, or of another shape', async () => {
    const endless = () => new Response(new ReadableStream({ pull: (c) => c.enqueue(new Uint8Array(65_536).fill(32)) }), { headers: { 'content-type': 'application/json' } });
    const bad = {
      invalid_response: [endless, answer(' '.repeat(2 ** 21)), answer('', 200, { 'content-length': '9999999' }), answer('{', 200), answer('<html>', 200, { 'content-type': 'text/html' }), answer('[]'), answer('null'), answer({ user: 1 }), answer(undefined, 302), answer('<html>', 404, { 'content-type': 'text/html' })],
      network_error: [() => Promise.reject(new TypeError('reset'))],
    };
    for (const [code, answers] of Object.entries(bad)) {
      for (const lie of answers) {
        const app = fakeApp({ 'POST /emailVerifications/signin': lie });
        assert.equal((await rejection(app.signIn())).code, code);
      }
    }
    const slow = fakeApp({ 'POST /emailVerifications/signin': ({ init }) => new Promise((_, reject) => { init.signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError'))); }) }, { timeoutMs: 50 });
    assert.match((await rejection(slow.signIn())).message, /in time/);
    const dripping = ({ init }) => new Response(new ReadableStream({ start: (c) => { init.signal.addEventListener('abort', () => c.error(new Error('aborted'))); } }), { headers: { 'content-type': 'application/json' } });
    assert.equal((await rejection(fakeApp({ 'POST /emailVerifications/signin': dripping }, { timeoutMs: 50 }).signIn())).code, 'network_error');
  });
});

describe('refusals are typed', () => {
  const cases = [
    [422, 'mfa_invalid_code', sdk.MfaInvalidOtpError], [429, 'mfa_rate_limited', sdk.MfaRateLimitedError], [429, 'rate_limited', sdk.RateLimitedError], [422, 'something', sdk.APIError],
    [503, 'temporarily_unavailable', sdk.ServerUnavailableError], [503, 'outcome_unknown', sdk.OutcomeUnknownError], [422, 'invalid_external_auth', sdk.InvalidExternalAuthError],
    [422, 'reassign_wallet_confirm', sdk.WalletAlreadyLinkedToAnotherUserError], [422, 'social_account_already_exists', sdk.LinkCredentialError], [500, 'internal_error', sdk.ServerUnavailableError],
  ];
  for (const [status, code, type] of cases) {
    it(code, async () => {
      const app = fakeApp({ 'POST /emailVerifications/signin': answer({ error: 'Because.', code, requestId: 'R9' }, status, { 'retry-after': '7' }) });
      const error = await rejection(app.signIn());
      assert.ok(error instanceof type && error instanceof sdk.APIError && error instanceof sdk.StepUpError && error instanceof Error);
      assert.deepEqual([error.code, error.status, error.requestId, error.message, error.retryAfterSeconds], [code, status, 'R9', 'Because.', 7]);
    });
  }
});

describe('wallets of the browser', () => {
  const address = '0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045';
  const found = async (request, chain) => {
    const window = new EventTarget();
    window.addEventListener('eip6963:requestProvider', () =>
      window.dispatchEvent(new CustomEvent('eip6963:announceProvider', { detail: { info: { uuid: 'w', name: 'Fox' }, provider: { request } } })));
    globalThis.window = window;
    try {
      return await findWallets(chain);
    } finally {
      delete globalThis.window;
    }
  };

  it('are found, and give the account that signs, on its chain', async () => {
    const asked = [];
    const [wallet] = await found(async ({ method, params }) => {
      asked.push([method, params?.[1]]);
      return { eth_requestAccounts: [address.toLowerCase()], eth_chainId: '0x2105', personal_sign: '0xsigned' }[method];
    });
    assert.equal(wallet.name, 'Fox');
    const account = await wallet.connect(address);
    assert.deepEqual([account.address, account.chain, account.network], [address, 'EVM', '8453']);
    assert.equal(await account.signMessage({ message: 'x' }), '0xsigned');
    assert.equal((await wallet.connect()).address, address.toLowerCase());
    assert.equal(await wallet.connect('0x0000000000000000000000000000000000000001'), null);
    assert.deepEqual(asked[2], ['personal_sign', address.toLowerCase()]);
  });

  it('of another kind are not offered, and one that declines says so', async () => {
    const declines = async () => { throw new Error('no'); };
    assert.deepEqual(await found(declines, 'SOL'), []);
    const [wallet] = await found(declines, 'EVM');
    await assert.rejects(wallet.connect(), { code: 'wallet_rejected' });
  });
});

describe('a proof that is wanted though none is required', () => {
  const email = { id: 'c1', format: 'email', email: 'a@b.c', signInEnabled: true };
  const unconfirmed = { id: 'c2', format: 'email', email: 'evil@b.c', signInEnabled: true, confirmed: false };
  const device = { id: 'd1', type: 'totp', alias: 'phone', default: true, verified: true };
  const offered = async (devices) => {
    const account = user({ verifiedCredentials: [unconfirmed, { ...unconfirmed, id: 'c3', confirmed: true, disputed: true }, email, { ...email, id: 'c4', signInEnabled: false }] });
    const app = fakeApp({
      'POST /emailVerifications/signin': () => verify({ user: account }),
      'POST /stepUp/check': { isRequired: false, credentials: [], reason: 'not_required' },
      'GET /users/mfa/methods': { devices, passkeys: [], userHasVerifiedMfaMethods: devices.length > 0 },
    });
    await app.signIn();
    let check;
    sdk.registerStepUpPrompt({ prompt: async (request) => { ({ check } = request); throw new sdk.StepUpCancelledError(); } }, app.client);
    assert.equal((await rejection(sdk.promptStepUpAuth({ requestedScopes: ['credential:link'] }, app.client))).code, 'step_up_cancelled');
    return [check.credentials.map(({ id, format, alias }) => [id, format, alias]), check.defaultCredentialId];
  };

  it('is asked of the second factor, which nothing weaker stands in for', async () => {
    assert.deepEqual(await offered([device]), [[['d1', 'totp', 'phone']], 'd1']);
  });

  it('else of what the user signs in with, if nobody doubts it', async () => {
    assert.deepEqual(await offered([]), [[['c1', 'email', 'a@b.c']], 'c1']);
  });
});

describe('what went wrong is said', () => {
  it('a scope that the server does not know is no server that could not be asked', async () => {
    const app = fakeApp({ 'POST /stepUp/check': () => answer({ error: 'This environment has no scope walet:export.', code: 'invalid_scopes', requestId: 'R9' }, 422) });
    await app.signIn();
    for (const asked of [sdk.checkStepUpAuth({ scope: 'walet:export' }, app.client), sdk.ensure('walet:export', () => assert.fail('the action ran'), app.client)]) {
      const error = await rejection(asked);
      assert.ok(error instanceof sdk.APIError);
      assert.deepEqual([error.code, error.message], ['invalid_scopes', 'This environment has no scope walet:export.']);
    }
    const take = sdk.registerStepUpPrompt({ prompt: () => assert.fail('the prompt opened') }, app.client);
    assert.equal((await rejection(sdk.promptStepUpAuth({ requestedScopes: ['walet:export'] }, app.client))).code, 'invalid_scopes');
    take();
  });

  it('by whatever is no stepup server', async () => {
    const app = fakeApp({ 'POST /emailVerifications/signin': answer('<html>', 404, { 'content-type': 'text/html' }) });
    assert.equal((await rejection(app.signIn())).message, 'The server answered 404 and did not say why: does apiBaseUrl name a stepup server?');
  });

  it('by a server that is down: where it should be, and in a page what else it may be', async () => {
    const down = () => fakeApp({ default: () => Promise.reject(new TypeError('fetch failed')), 'GET /settings': undefined });
    const away = `The server could not be reached at ${base}/api/v0`;
    const ask = async () => (await rejection(sdk.sendEmailOTP({ email: 'a@b.c' }, down().client))).message;
    assert.equal(await ask(), `${away}.`);
    const app = fakeApp({ 'POST /stepUp/check': () => Promise.reject(new TypeError('fetch failed')) });
    await app.signIn();
    const { error } = await sdk.ensure('wallet:sign', () => assert.fail('the action ran'), app.client);
    assert.equal(error.message, `The server could not be asked whether a step-up is required. ${away}.`);
    try {
      globalThis.location = { origin: 'https://app.example.com' };
      assert.equal(await ask(), `${away}, or this page's origin is not among the environment's origins: https://app.example.com.`);
      globalThis.location = { origin: base };
      assert.equal(await ask(), `${away}.`, 'a page of the server itself');
    } finally {
      delete globalThis.location;
    }
    const slow = fakeApp({ 'POST /emailVerifications/signin': ({ init }) => new Promise((_, reject) => { init.signal.addEventListener('abort', () => reject(new DOMException('', 'AbortError'))); }) }, { timeoutMs: 20 });
    assert.equal((await rejection(slow.signIn())).message, `The server did not answer in time at ${base}/api/v0.`);
  });

  it('of a code that is empty, before anything is sent', async () => {
    const app = fakeApp();
    await app.signIn();
    const before = app.seen.length;
    for (const none of ['', ' ', undefined, null]) {
      for (const asked of [sdk.verifyOTP({ verificationToken: none }, app.client), sdk.authenticateTotpMfaDevice({ code: none }, app.client), sdk.authenticateMfaRecoveryCode({ code: none }, app.client)]) {
        const error = await rejection(asked);
        assert.ok(error instanceof sdk.InvalidParamError, `${none}: ${error}`);
        assert.match(error.message, /code is empty/);
      }
    }
    assert.equal(app.seen.length, before);
    const fresh = fakeApp();
    assert.equal((await rejection(sdk.authenticateTotpMfaDevice({ code: '' }, fresh.client))).code, 'invalid_param');
    assert.equal(fresh.seen.length, 0);
  });
});

describe('whoever guards an action', () => {
  const open = { isRequired: false, credentials: [], defaultCredentialId: null };
  const proving = async (routes = {}) => {
    const app = fakeApp({ 'POST /users/mfa/auth/totp': ({ body }) => verify({ elevatedAccessToken: elevated(body.requestedScopes.join(' ')) }), 'POST /stepUp/check': open, ...routes });
    await app.signIn();
    const asked = [];
    sdk.registerStepUpPrompt({ prompt: async ({ requestedScopes, client }) => { asked.push(requestedScopes.join(' ')); await totp(requestedScopes, client); } }, app.client);
    return { ...app, asked };
  };
  const challenge = (scope) => new Response('{}', { status: 403, headers: { 'www-authenticate': `Bearer error="insufficient_scope", scope="${scope}"` } });

  for (const [name, refuse] of [
    ['in our words', () => refusal('missing', 'wallet:export')],
    ['in our words, and the right one in its header', () => answer({ code: 'elevated_access_token_required', payload: { scope: 'wallet:export', reason: 'missing' } }, 403, { 'www-authenticate': 'Bearer error="insufficient_scope", scope="transfer:create"' })],
    ['in those of RFC 6750', () => challenge('wallet:export')],
  ]) {
    for (const isHeld of [true, false]) {
      it(`gets no token for a scope that it names ${name}, ${isHeld ? 'held' : 'or proven for it'}`, async () => {
        const app = await proving();
        if (isHeld) await totp(['wallet:export'], app.client);
        const [got, refused] = [[], refuse()];
        const done = await sdk.ensure('transfer:create', ({ token }) => { got.push(token()); return got.length === 1 ? refused : answer({}); }, app.client);
        assert.deepEqual([got, app.asked], [[undefined], []]);
        assert.deepEqual([done.outcome, done.result], ['alreadyAuthorised', refused]);
        assert.equal((await refused.json()).code === undefined, name.includes('6750'), 'the body is still to be read');
      });
    }
  }

  it('may name the scope that the action was for, among others', async () => {
    const app = await proving();
    const got = [];
    const done = await sdk.ensure('transfer:create', ({ token }) => { got.push(token()); return got.length === 1 ? challenge('accounts:read transfer:create') : answer({}); }, app.client);
    assert.deepEqual([done.outcome, app.asked, got.map(Boolean)], ['verified', ['transfer:create'], [false, true]]);
  });

  it('cannot empty the store: at most the token that it got is dropped', async () => {
    for (const reason of ['superseded', 'disputed', 'spent', 'expired', 'wrong_subject']) {
      for (const takes of [true, false]) {
        const app = await proving();
        await totp(['wallet:export'], app.client);
        await totp(['transfer:create'], app.client);
        const mine = tokenOf(app, 'transfer:create');
        await sdk.ensure('transfer:create', ({ token }) => { if (takes) token(); return refusal(reason, 'transfer:create'); }, app.client);
        assert.ok(tokenOf(app, 'wallet:export'), reason);
        assert.equal(tokenOf(app, 'transfer:create') === mine, !takes, `${reason} ${takes}`);
      }
    }
  });

  it('is followed to another scope where it is the server of the client, and the token for that goes nowhere else', async () => {
    const app = await proving({ 'POST /waas/w/signMessage': ({ headers }) => (headers['x-dyn-elevated-access-token'] ? { signature: '0x', operationId: 'o', intentHash: 'h' } : refusal('missing', 'wallet:sign')) });
    const got = [];
    const done = await sdk.ensure('transfer:create', ({ token }) => { got.push(token()); return sdk.signWithWallet({ walletId: 'w', message: 'x' }, app.client); }, app.client);
    assert.deepEqual([done.outcome, app.asked, got], ['verified', ['wallet:sign'], [undefined, undefined]]);
  });

  it('is not that server because it says so', async () => {
    const [app, other] = [await proving(), await proving({ 'POST /waas/w/signMessage': () => refusal('superseded', 'wallet:export') })];
    await totp(['wallet:export'], app.client);
    const foreign = await rejection(sdk.signWithWallet({ walletId: 'w', message: 'x' }, other.client));
    const made = new sdk.StepUpRequiredError({ code: foreign.code, message: 'x', payload: {}, scope: 'wallet:export', reason: 'superseded', singleUse: true, methods: [] });
    for (const error of [foreign, made]) {
      assert.equal(await rejection(sdk.ensure('transfer:create', () => { throw error; }, app.client)), error);
      assert.deepEqual([app.asked, Boolean(tokenOf(app, 'wallet:export'))], [[], true]);
    }
  });
});

describe('what one user asks for', () => {
  const subject = ({ headers }) => headers.authorization && JSON.parse(Buffer.from(headers.authorization.split('.')[1], 'base64url')).sub;
  const wallet = (signMessage) => ({ address: '0x0', chain: 'EVM', signMessage });
  const otpVerification = { verificationUUID: 'v', email: 'a@b.c' };
  const binding = { bindingId: 'b', hash: 'h', summary: 's' };

  /** A client of u1 that u2 signs in at when `leave` is called. */
  const shared = async (routes = {}) => {
    let [who, passed] = ['u1', 0];
    const login = () => verify({ user: user({ id: who, sessionId: `s-${who}` }), claims: { sub: who, sid: `s-${who}` } });
    const app = fakeApp({
      'POST /emailVerifications/signin': login,
      'GET /settings': { ...settings(), providers: [{ provider: 'google', baseAuthUrl: 'https://login.example/authorize' }] },
      ...routes,
    }, { now: () => Date.now() + passed, navigate: () => {}, redirectStorage: memory(), passkey: { register: async () => ({}), authenticate: async () => ({}) } });
    await app.signIn();
    const leave = async () => {
      who = 'u2';
      await sdk.logout(app.client);
      await app.signIn();
      app.seen.length = 0;
    };
    const age = () => { passed = 7_000_000; };
    return { ...app, leave, age, login };
  };

  for (const [name, run] of Object.entries({
    deleteUser: (c) => sdk.deleteUser(c),
    updateUser: (c) => sdk.updateUser({ userFields: { firstName: 'A' } }, c),
    refreshUser: (c) => sdk.refreshUser(c),
    refreshAuth: (c) => sdk.refreshAuth(c),
    createWallet: (c) => sdk.createWallet({ chain: 'EVM' }, c),
    exportWallet: (c) => sdk.exportWallet({ walletId: 'w', recipientKey: 'x' }, c),
    getWallets: (c) => sdk.getWallets(c),
    unlinkCredential: (c) => sdk.unlinkCredential({ verifiedCredentialId: 'v' }, c),
    selectPrimaryWalletAccount: (c) => sdk.selectPrimaryWalletAccount({ walletAccount: { id: 'v' } }, c),
    totp: (c) => totp(['wallet:sign'], c),
    sendEmailOTP: (c) => sdk.sendEmailOTP({ email: 'a@b.c', requestedScopes: ['wallet:sign'] }, c),
    sendSmsOTP: (c) => sdk.sendSmsOTP({ phoneNumber: '+1', requestedScopes: ['wallet:sign'] }, c),
    verifyOTP: (c) => sdk.verifyOTP({ otpVerification, verificationToken: '1' }, c),
    verifyWalletAccount: (c) => sdk.verifyWalletAccount({ walletAccount: wallet(async () => '0x') }, c),
    transferWalletAccount: (c) => sdk.transferWalletAccount({ walletAccount: wallet(async () => '0x') }, c),
    signInWithSocialRedirect: (c) => sdk.signInWithSocialRedirect({ provider: 'google', redirectUrl: 'https://app.example' }, c),
    registerTotpMfaDevice: (c) => sdk.registerTotpMfaDevice(c),
    registerPasskey: (c) => sdk.registerPasskey({}, c),
    authenticatePasskeyMFA: (c) => sdk.authenticatePasskeyMFA({}, c),
    preparePasskeyMFA: (c) => sdk.preparePasskeyMFA({}, c),
    requestExternalAuthElevatedToken: (c) => sdk.requestExternalAuthElevatedToken({ externalJwt: 'x' }, c),
    promptStepUpAuth: (c) => sdk.promptStepUpAuth({ requestedScopes: ['wallet:sign'] }, c),
    promptMfaAuth: (c) => sdk.promptMfaAuth({}, c),
    ensure: (c) => sdk.ensure('wallet:sign', () => assert.fail('the action ran'), c),
    'ensure with a binding': (c) => sdk.ensure({ scope: 'wallet:sign', binding }, () => assert.fail('the action ran'), c),
  })) {
    it(`is not done to another who signs in while the session is renewed: ${name}`, async () => {
      const app = await shared({ 'POST /refresh': async () => { const answer = app.login(); await app.leave(); return answer; } });
      app.age();
      assert.equal((await rejection(run(app.client))).code, 'session_ended');
      assert.deepEqual(app.paths(), []);
      assert.equal(app.client.user.id, 'u2');
    });
  }

  it('is not repeated as another', async () => {
    const subjects = [];
    const app = await shared({ 'POST /waas/create': async (request) => {
      subjects.push(subject(request));
      if (subjects.length === 1) await app.leave();
      return answer({ code: 'outcome_unknown', error: 'x' }, 503, { 'retry-after': '0' });
    } });
    assert.equal((await rejection(sdk.createWallet({ chain: 'EVM' }, app.client))).code, 'session_ended');
    assert.deepEqual(subjects, ['u1']);
  });

  it('is not finished as another, whatever it waited for', async () => {
    const open = { isRequired: false, credentials: [], defaultCredentialId: null };
    const app = await shared({
      'POST /wallets/message': { message: 'x' },
      'GET /users/passkeys/register': { challenge: 'AAAA', rp: {}, user: { id: 'AAAA' }, pubKeyCredParams: [] },
      'PUT /users/wallets/selection': async () => { await app.leave(); return answer({}); },
      'POST /stepUp/check': async () => { await app.leave(); return open; },
    });
    const runs = [
      () => sdk.verifyWalletAccount({ walletAccount: wallet(async () => { await app.leave(); return '0x'; }) }, app.client),
      () => sdk.selectPrimaryWalletAccount({ walletAccount: { id: 'v' } }, app.client),
      () => sdk.registerPasskey({}, app.client),
      () => sdk.ensure('wallet:sign', () => assert.fail('the action ran'), app.client),
      () => sdk.promptStepUpAuth({ requestedScopes: ['wallet:sign'] }, app.client),
    ];
    sdk.registerStepUpPrompt({ prompt: () => assert.fail('another was asked') }, app.client);
    for (const run of runs) {
      app.routes['POST /emailVerifications/signin'] = () => verify({ user: user({ id: 'u1', sessionId: 's-u1' }), claims: { sub: 'u1', sid: 's-u1' } });
      await sdk.logout(app.client);
      await app.signIn();
      app.routes['POST /emailVerifications/signin'] = app.login;
      assert.equal((await rejection(run())).code, 'session_ended', String(run));
      assert.deepEqual(app.paths(), [], String(run));
    }
  });

  it('and what refuses it says nothing about the tokens of another', async () => {
    const app = await shared({ 'POST /waas/create': async () => {
      await app.leave();
      await totp(['wallet:sign'], app.client);
      return refusal('superseded');
    }, 'POST /users/mfa/auth/totp': () => ({ ...app.login(), elevatedAccessToken: elevated('wallet:sign', { sub: 'u2', sid: 's-u2' }) }) });
    await rejection(sdk.createWallet({ chain: 'EVM' }, app.client));
    assert.ok(tokenOf(app, 'wallet:sign'));
  });

  it('is asked of the client that was the default when it was called', async () => {
    const required = { isRequired: true, credentials: [], defaultCredentialId: null };
    for (const run of [() => sdk.ensure('wallet:sign', () => 7), () => sdk.promptStepUpAuth({ requestedScopes: ['wallet:sign'] })]) {
      const app = fakeApp({ 'POST /stepUp/check': required, 'POST /users/mfa/auth/totp': () => verify({ elevatedAccessToken: elevated('wallet:sign') }) });
      await app.signIn();
      const asked = [];
      const unregister = sdk.registerStepUpPrompt({ prompt: async ({ client }) => { asked.push(client); await totp(['wallet:sign'], client); } });
      const running = run();
      const later = fakeApp({ 'POST /stepUp/check': required });
      await running.finally(unregister);
      assert.equal(asked[0], app.client);
      assert.deepEqual([asked.length, later.seen.length], [1, 0]);
    }
  });
});

describe('the store', () => {
  const signing = (routes = {}, options) => fakeApp({
    'POST /users/mfa/auth/totp': ({ body }) => verify({ elevatedAccessToken: body.requestedScopes && elevated(body.requestedScopes.join(' ')), mfaToken: body.createMfaToken && `legacy-${Math.random()}` }),
    'POST /waas/w/signMessage': { signature: '0x', operationId: 'o', intentHash: 'h' },
    ...routes,
  }, options);
  const sign = (app) => sdk.signWithWallet({ walletId: 'w', message: 'x' }, app.client);
  const sent = (app) => app.seen.filter((r) => r.url.endsWith('/signMessage')).map((r) => r.headers['x-dyn-elevated-access-token']);

  it('attaches the right scope only, and drops what works once after it did', async () => {
    const app = signing();
    await app.signIn();
    await totp(['wallet:export'], app.client);
    await sign(app);
    assert.deepEqual(sent(app), [undefined]);
    await totp(['wallet:sign'], app.client);
    await sign(app);
    await sign(app);
    assert.deepEqual(sent(app).map(Boolean), [false, true, false]);
    assert.ok(tokenOf(app, 'wallet:export'), 'that of another action stays');
  });

  it('keeps it when the call failed for another reason, drops it when it was refused for good', async () => {
    for (const [how, kept] of [
      [answer({ error: 'x', code: 'wallet_limit_exceeded' }, 422), true], [answer({ error: 'x', code: 'invalid_json' }, 400), true], [refusal('wrong_binding'), true],
      [refusal('spent'), false], [refusal('expired'), false], [refusal('wrong_subject'), false], [refusal('superseded'), false], [refusal('disputed'), false],
    ]) {
      const app = signing({ 'POST /waas/w/signMessage': how });
      await app.signIn();
      await totp(['wallet:sign'], app.client);
      await totp(['wallet:export'], app.client);
      const error = await rejection(sign(app));
      assert.equal(tokenOf(app, 'wallet:sign') !== undefined, kept, `${error.code} ${error.reason}`);
      assert.equal(tokenOf(app, 'wallet:export') !== undefined, !['superseded', 'disputed'].includes(error.reason));
    }
  });

  it('repeats what has an operation id when the server is away, under the same id and token, and nothing else', async () => {
    let away = 2;
    const app = signing({
      'POST /waas/w/signMessage': () => (away-- > 0 ? answer({ error: 'x', code: 'temporarily_unavailable' }, 503, { 'retry-after': '0' }) : answer({ signature: '0x', operationId: 'o', intentHash: 'h' })),
      'PUT /users': () => answer({ error: 'x', code: 'temporarily_unavailable' }, 503, { 'retry-after': '0' }),
    });
    await app.signIn();
    await totp(['wallet:sign'], app.client);
    await sign(app);
    const calls = app.seen.filter((r) => r.url.endsWith('/signMessage'));
    assert.equal(calls.length, 3);
    assert.equal(new Set(calls.map((r) => r.headers['x-idempotency-key'])).size, 1);
    assert.equal(new Set(sent(app)).size, 1);
    await rejection(sdk.updateUser({ userFields: { firstName: 'A' } }, app.client));
    assert.equal(app.seen.filter((r) => r.method === 'PUT').length, 1);
  });

  it('gives a token that works once to one of two calls', async () => {
    const app = signing();
    await app.signIn();
    await totp(['wallet:sign'], app.client);
    await Promise.all([sign(app), sign(app)]);
    assert.deepEqual(sent(app).filter(Boolean).length, 1);
  });

  it('counts lives by their length, whatever the clock says', async () => {
    for (const clock of [-600_000, 0, 600_000]) {
      let passed = 0;
      const app = signing({
        'POST /emailVerifications/signin': () => verify({ clock }),
        'POST /users/mfa/auth/totp': () => verify({ clock, elevatedAccessToken: elevated('wallet:sign', { clock }) }),
      }, { now: () => Date.now() + passed });
      await app.signIn();
      await totp(['wallet:sign'], app.client);
      passed = 290_000;
      assert.ok(tokenOf(app, 'wallet:sign'), `clock off by ${clock}`);
      passed = 299_000;
      assert.equal(tokenOf(app, 'wallet:sign'), undefined, `clock off by ${clock}`);
    }
  });

  it('drops tokens of the old state of affairs after a first factor, not after a second', async () => {
    const enrolling = (credentials) => signing({
      'GET /users/mfa/register/totp': { id: 'd1', type: 'totp', secret: 's', uri: 'otpauth://x' },
      'POST /emailVerifications/signin': () => verify({ user: user({ verifiedCredentials: credentials }) }),
      'POST /emailVerifications/verify': () => verify({ user: user({ verifiedCredentials: credentials }), elevatedAccessToken: elevated('credential:link', { singleUse: false }) }),
    });
    for (const [credentials, kept] of [[[{ id: 'e', format: 'email', signInEnabled: true }], false], [[{ id: 'p', format: 'passkey', signInEnabled: true }], true]]) {
      const app = enrolling(credentials);
      await app.signIn();
      await sdk.sendEmailOTP({ email: 'a@b.c', requestedScopes: ['credential:link'] }, app.client);
      await sdk.verifyOTP({ verificationToken: '1' }, app.client);
      await sdk.registerTotpMfaDevice(app.client);
      await sdk.authenticateTotpMfaDevice({ code: '1', deviceId: 'd1' }, app.client);
      assert.equal(tokenOf(app, 'credential:link') !== undefined, kept);
    }
  });

  it('never mixes users, sessions, servers or environments, though they share a storage', async () => {
    const storage = memory();
    const first = signing({}, { storage });
    await first.signIn();
    await totp(['wallet:sign'], first.client);
    const elsewhere = [{ environmentId: otherEnvironment }, { apiBaseUrl: 'https://other.example.com' }].map((options) => signing({}, { storage, ...options }));
    for (const app of elsewhere) {
      await sdk.initializeClient(app.client);
      assert.deepEqual([app.client.user, tokenOf(app, 'wallet:sign')], [null, undefined]);
    }
    const [key] = [...storage.items.keys()];
    const kept = JSON.parse(storage.items.get(key));
    const foreign = { ...kept, elevated: [{ ...kept.elevated[0], token: elevated('wallet:sign', { sub: 'u2' }) }, { ...kept.elevated[0], token: elevated('wallet:sign', { sid: 's2' }) }, { token: 7 }] };
    for (const text of [JSON.stringify(foreign), '{', '[]', 'null', '{"version":1,"session":{}}', JSON.stringify({ ...kept, version: 2 }), JSON.stringify({ ...kept, session: { ...kept.session, userId: 'u2' } })]) {
      const again = signing({}, { storage: { ...memory(), getItem: () => text } });
      await sdk.initializeClient(again.client);
      assert.equal(tokenOf(again, 'wallet:sign'), undefined, text);
    }
    first.routes['POST /emailVerifications/signin'] = () => verify({ user: user({ id: 'u2', sessionId: 's2' }), claims: { sub: 'u2', sid: 's2' } });
    await sdk.logout(first.client);
    await first.signIn();
    assert.deepEqual([first.client.user.id, tokenOf(first, 'wallet:sign')], ['u2', undefined]);
  });

  it('keeps what a proof has earned out of the storage when it is told to', async () => {
    const storage = memory();
    const [here, there] = Array.from({ length: 2 }, () => signing({}, { storage, storeTokens: false }));
    await here.signIn();
    const earned = verify({ elevatedAccessToken: elevated('wallet:sign'), mfaToken: 'legacy' });
    here.routes['POST /users/mfa/auth/totp'] = () => earned;
    await totp(['wallet:sign'], here.client);
    assert.ok(![...storage.items.values()].join().match(/legacy|singleUse/), 'a token is in the storage');
    await sdk.initializeClient(there.client);
    assert.deepEqual([there.client.user.id, tokenOf(there, 'wallet:sign'), there.client.mfaToken], ['u1', undefined, null]);
    await sdk.sendEmailOTP({ email: 'a@b.c' }, there.client); // the other tab changes what is kept
    await sdk.sendEmailOTP({ email: 'a@b.c' }, here.client);
    assert.deepEqual([tokenOf(here, 'wallet:sign'), here.client.mfaToken], [earned.elevatedAccessToken, 'legacy']);
    await sdk.logout(here.client);
    assert.deepEqual([tokenOf(here, 'wallet:sign'), here.client.mfaToken], [undefined, null]);
  });

  it('goes on in memory when the storage fails, and shows one user object until something changes', async () => {
    const broken = () => { throw new DOMException('no', 'QuotaExceededError'); };
    const app = signing({}, { storage: { getItem: broken, setItem: broken, removeItem: broken } });
    await app.signIn();
    const { user: before } = app.client;
    await sign(app);
    assert.equal(app.client.user, before);
    await totp(['wallet:sign'], app.client);
    assert.ok(tokenOf(app, 'wallet:sign'));
    await sdk.logout(app.client);
    assert.equal(app.client.user, null);
  });

  it('does not bring a session back that ended while an answer was on its way', async () => {
    let release;
    const app = signing({ 'POST /users/mfa/auth/totp': () => new Promise((resolve) => { release = () => resolve(answer(verify({ elevatedAccessToken: elevated('wallet:sign') }))); }) });
    await app.signIn();
    const late = totp(['wallet:sign'], app.client);
    late.catch(() => {});
    while (!release) await new Promise(setImmediate);
    await sdk.logout(app.client);
    release();
    assert.equal((await rejection(late)).code, 'session_ended');
    assert.deepEqual([app.client.user, tokenOf(app, 'wallet:sign')], [null, undefined]);
  });
});

describe('several tabs', () => {
  it('hear nothing of each other where each has a storage of its own', async () => {
    const { sessionStorage, BroadcastChannel } = globalThis;
    let opened = 0;
    try {
      globalThis.BroadcastChannel = class { constructor() { opened += 1; } postMessage() {} };
      for (const storage of [globalThis.sessionStorage = memory(), memory()]) await fakeApp({}, { storage }).signIn();
      assert.equal(opened, 1, 'only the storage that tabs share is talked about');
    } finally {
      Object.assign(globalThis, { sessionStorage, BroadcastChannel });
    }
  });

  const tabs = (routes, n = 2) => {
    const storage = memory();
    return Array.from({ length: n }, () => fakeApp(routes, { storage }));
  };
  const settled = () => new Promise((resolve) => setTimeout(resolve, 30));
  /** Waits for what another tab is told of. */
  const until = async (so) => {
    for (const end = Date.now() + 5_000; !so(); await new Promise((resolve) => setTimeout(resolve, 5))) assert.ok(Date.now() < end, `never: ${so}`);
  };

  it('share a session, its renewal and its tokens, and end together', async () => {
    let renewals = 0;
    const [a, b] = tabs({
      'POST /refresh': () => { renewals += 1; return verify(); },
      'POST /users/mfa/auth/totp': () => verify({ elevatedAccessToken: elevated('wallet:sign') }),
      'POST /waas/w/signMessage': { signature: '0x', operationId: 'o', intentHash: 'h' },
    });
    await sdk.initializeClient(b.client);
    await a.signIn();
    await until(() => b.client.user?.id === 'u1');
    await Promise.all([sdk.refreshAuth(a.client), sdk.refreshAuth(b.client), sdk.refreshAuth(a.client)]);
    assert.equal(renewals, 1);
    assert.equal(a.client.token, b.client.token);
    await totp(['wallet:sign'], a.client);
    await until(() => tokenOf(b, 'wallet:sign'));
    await sdk.signWithWallet({ walletId: 'w', message: 'x' }, b.client);
    await until(() => !tokenOf(a, 'wallet:sign'));
    const reasons = [];
    sdk.onEvent({ event: 'signedOut', listener: ({ reason }) => reasons.push(reason) }, b.client);
    await sdk.logout(a.client);
    await until(() => b.client.user === null && reasons.length);
    assert.deepEqual(reasons, ['another-tab']);
  });

  it('wait for a storage that shows changes late, as that of browsers does between processes', async () => {
    const storage = memory();
    const history = [[0, null]]; // what the other tab's view shows from when on
    const late = {
      getItem: () => history.filter(([at]) => at <= Date.now()).at(-1)[1],
      setItem: storage.setItem,
      removeItem: storage.removeItem,
    };
    const writing = { ...storage, setItem: (k, v) => { storage.setItem(k, v); history.push([Date.now() + 80, v]); }, removeItem: (k) => { storage.removeItem(k); history.push([Date.now() + 80, null]); } };
    const [a, b] = [fakeApp({}, { storage: writing }), fakeApp({}, { storage: late })];
    await sdk.initializeClient(b.client);
    await a.signIn();
    await until(() => b.client.user);
    await sdk.logout(a.client);
    await until(() => b.client.user === null);
  });

  it('open one prompt among them', async () => {
    const [a, b] = tabs({ 'POST /stepUp/check': { isRequired: true, credentials: [] }, 'POST /users/mfa/auth/totp': () => verify({ elevatedAccessToken: elevated('credential:link', { singleUse: false }) }) });
    await sdk.initializeClient(b.client);
    await a.signIn();
    await until(() => b.client.user);
    let [open, opened] = [0, 0];
    const take = sdk.registerStepUpPrompt({
      prompt: async ({ requestedScopes, client }) => {
        opened += 1;
        assert.equal(open += 1, 1);
        await settled();
        await totp(requestedScopes, client);
        open -= 1;
      },
    });
    const tokens = await Promise.all([a, b].map((app) => sdk.promptStepUpAuth({ requestedScopes: ['credential:link'] }, app.client)));
    take();
    assert.deepEqual([opened, tokens[0] === tokens[1]], [1, true]);
  });
});

describe('nobody is asked for a proof that nothing can give', () => {
  for (const [reason, prompted] of [['no_method', true], ['disputed', false], ['cooling_down', false]]) {
    it(reason, async () => {
      const app = fakeApp({ 'POST /stepUp/check': { isRequired: true, credentials: [], reason } });
      await app.signIn();
      assert.equal((await sdk.ensure('wallet:export', () => assert.fail(), app.client)).error.reason, reason === 'no_method' ? reason : 'no_prompt');
      let opened = false; // with nothing to prove it with, a prompt may still let the user enrol something
      const take = sdk.registerStepUpPrompt({ prompt: async () => { opened = true; throw new sdk.StepUpUnavailableError('no_method'); } }, app.client);
      const done = await sdk.ensure('wallet:export', () => assert.fail(), app.client);
      assert.deepEqual([done.outcome, done.error.reason, opened], ['unavailable', reason, prompted]);
      take();
    });
  }
});

describe('a redirect that would lose the session', () => {
  const where = { requestedScopes: ['wallet:export'], redirectUri: 'https://app.example.com/back' };
  const onPage = async (run) => {
    globalThis.location = { origin: 'https://app.example.com', assign: (url) => { globalThis.location.href = url; } };
    await run().finally(() => { delete globalThis.location; });
  };
  const opened = { 'POST /stepUp/prompts': { promptId: 'p', url: 'https://auth.example.com/prompt' } };

  it('is not begun, and what would do is said', () => onPage(async () => {
    const app = fakeApp(opened);
    await app.signIn();
    const refused = await rejection(sdk.promptStepUpAuthRedirect(where, app.client));
    assert.deepEqual([refused.code, /storage: localStorage/.test(refused.message), location.href], ['invalid_param', true, undefined]);
    assert.ok(!app.paths().includes('POST /stepUp/prompts'));
  }));

  it('is begun with a storage, and names it where the session is gone all the same', () => onPage(async () => {
    const [redirectStorage, storage] = [memory(), memory()];
    const app = fakeApp(opened, { storage, redirectStorage });
    await app.signIn();
    await sdk.promptStepUpAuthRedirect(where, app.client);
    assert.equal(location.href, 'https://auth.example.com/prompt');
    const back = fakeApp({}, { redirectStorage });
    const { state } = JSON.parse([...redirectStorage.items.values()][0]);
    const url = `https://app.example.com/back?code=c&state=${state}&iss=${encodeURIComponent(`${back.client.apiBaseUrl}/sdk/${back.client.environmentId}`)}`;
    const lost = await rejection(sdk.completeStepUpAuthRedirect({ url }, back.client));
    assert.deepEqual([lost.code, /storage: localStorage/.test(lost.message)], ['session_ended', true]);
  }));
});

it('whoever has no wallet is told how to get one', async () => {
  const app = fakeApp({ 'GET /waas': { wallets: [] } });
  await app.signIn();
  assert.match((await rejection(sdk.exportWaasPrivateKey({}, app.client))).message, /createWallet/);
});

describe('cookies', () => {
  const cookieSettings = settings({ auth: { storage: ['cookie'] } });
  const withoutToken = () => { const { minifiedJwt, jwt: _, ...rest } = verify(); return rest; };

  it('are found at the start, and carry every call', async () => {
    const app = fakeApp({ 'GET /settings': cookieSettings, 'POST /refresh': withoutToken, 'GET /users': user() });
    await sdk.initializeClient(app.client);
    assert.deepEqual([app.client.user.id, app.client.token], ['u1', null]);
    await sdk.refreshUser(app.client);
    assert.deepEqual(app.seen.map((r) => [r.init.credentials, r.headers.authorization]), [['omit', undefined], ['include', undefined], ['include', undefined]]);
  });

  it('are not missed when there are none', async () => {
    const app = fakeApp({ 'GET /settings': cookieSettings, 'POST /refresh': answer({ error: 'x', code: 'sign_in_required' }, 401) });
    await sdk.initializeClient(app.client);
    assert.equal(app.client.user, null);
  });
});

describe('when the server is away', () => {
  it('starts once it is back, ends the session here all the same, and leaves no rejection behind', async () => {
    const unhandled = [];
    const note = (error) => unhandled.push(error);
    process.on('unhandledRejection', note);
    let away = true;
    const app = fakeApp({ 'GET /settings': () => (away ? Promise.reject(new TypeError('offline')) : settings()) });
    assert.equal((await rejection(sdk.initializeClient(app.client))).code, 'network_error');
    assert.equal(app.client.initStatus, 'failed');
    away = false;
    await app.signIn();
    app.routes['POST /revoke'] = () => Promise.reject(new TypeError('offline'));
    assert.deepEqual(await sdk.logout(app.client), { revoked: false });
    assert.equal(app.client.user, null);
    await new Promise((resolve) => setTimeout(resolve, 20));
    process.off('unhandledRejection', note);
    assert.deepEqual(unhandled, []);
  });
});
