// @stepup-auth/server where the cases end: secrets, crowds, frameworks with their parsers, and attacks on the way to the issuer.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import http from 'node:http';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { inspect } from 'node:util';
import { serve } from '@hono/node-server';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import {
  admissionOf, answerOf, bearerToken, boundTo, canonical, createClient, createGuard, createVerifier, DeniedError, forExpress, forFastify, forFetch, forHono, hashDetails, isDenied,
  parseJwks, parseScope, remoteKeySet, rfc9470, sessionCaller, staticKeySet,
} from '@stepup-auth/server';
import { openIssuer } from '@stepup-auth/server/testing';
import { copyNodeBank } from './lib/nodeBank.mjs';

const audience = 'https://bank.example';
const scope = 'transfer:create';

/** Listens with a handler; `at` is where. */
const listen = async (handler) => {
  const server = http.createServer(handler).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { at: `http://127.0.0.1:${server.address().port}`, close: () => { server.closeAllConnections(); server.close(); } };
};

describe('@stepup-auth/server', () => {
  let issuer;
  let guard;
  const logged = [];
  const make = (more) => createGuard({ verifier: issuer.verifier(audience), client: issuer.client(), log: (...all) => logged.push(all), ...more });
  const proof = (more) => ({ authorization: `Bearer ${issuer.session()}`, 'elevated-access-token': issuer.token({ scopes: [scope], audience, ...more }) });
  const run = (route, headers, body = '{}') => route(new Request('https://bank.example/transfers', { method: 'POST', headers, body }));
  before(async () => {
    issuer = await openIssuer();
    guard = make();
  });
  after(() => issuer.close());

  it('lets one of 200 parallel requests through', async () => {
    let ran = 0;
    const route = forFetch(guard).require(scope)(() => { ran += 1; return new Response('done'); });
    const headers = proof();
    const answers = await Promise.all(Array.from({ length: 200 }, () => run(route, headers)));
    assert.equal(ran, 1);
    assert.deepEqual([...new Set(answers.map(({ status }) => status))].sort(), [200, 403]);
    const [refused] = answers.filter(({ status }) => status === 403);
    assert.equal((await refused.json()).payload.reason, 'spent');
  });

  it('runs an operation once, however many proofs it is sent with', async () => {
    let ran = 0;
    const route = forFetch(make({ operation: (request) => request.headers('idempotency-key')[0] })).require(scope)(() => { ran += 1; return new Response('done'); });
    const answers = await Promise.all(Array.from({ length: 20 }, () => run(route, { ...proof(), 'idempotency-key': 'rent-may' })));
    assert.equal(ran, 1);
    assert.equal(answers.filter(({ status }) => status === 409).length, 19);
    const other = { authorization: `Bearer ${issuer.session({ user: { subject: 'user-2', session: 's2' } })}`, 'elevated-access-token': issuer.token({ scopes: [scope], audience, user: { subject: 'user-2', session: 's2' } }) };
    assert.equal((await run(route, { ...other, 'idempotency-key': 'rent-may' })).status, 200, 'a key means nothing for anyone else');
  });

  it('shares one fetch of keys among many', async () => {
    const verifier = issuer.verifier(audience);
    const before = issuer.fetches;
    const token = issuer.token({ scopes: [scope], audience });
    await Promise.all(Array.from({ length: 100 }, () => verifier.elevated(token)));
    assert.equal(issuer.fetches - before, 1);
    issuer.rotateKey('EdDSA');
    const newer = issuer.token({ scopes: [scope], audience });
    await Promise.all(Array.from({ length: 100 }, () => verifier.elevated(newer)));
    assert.equal(issuer.fetches - before, 2);
    issuer.rotateKey('RS256');
    assert.ok(await issuer.verifier(audience).elevated(issuer.token({ scopes: [scope], audience })));
    issuer.rotateKey();
  });

  it('is dead by the clock, and refuses what was signed with a key that is gone', async () => {
    const own = await openIssuer();
    try {
      const verifier = own.verifier();
      const token = own.token({ scopes: ['wallet:export'] });
      assert.equal((await verifier.elevated(token)).acr, 'urn:stepup:reauth');
      own.advance(300);
      await assert.rejects(verifier.elevated(token), { kind: 'expired', reason: 'expired' });
      own.removeKey('key-1');
      own.rotateKey();
      const later = own.verifier();
      await assert.rejects(later.elevated(token), { kind: 'invalid' });
      const header = { alg: 'ES256', kid: 'key-3', typ: 'elevated+jwt' };
      await assert.rejects(later.elevated(own.sign(JSON.stringify(header), '{"iss":1,"iss":2}')), { kind: 'invalid' });
    } finally {
      await own.close();
    }
  });

  it('learns of a revocation where the issuer is asked', async () => {
    const user = { subject: 'user-3', session: 'session-3' };
    const headers = { authorization: `Bearer ${issuer.session({ user })}`, 'elevated-access-token': issuer.token({ scopes: [scope], audience, user, timeBound: true }) };
    const route = forFetch(make({ alwaysConsume: true })).require(scope)(() => new Response('done'));
    assert.equal((await run(route, headers)).status, 200);
    assert.equal((await issuer.client().introspect(headers['elevated-access-token'])).active, true);
    issuer.revokeSession('session-3');
    assert.equal((await run(route, headers)).status, 403);
    assert.deepEqual(await issuer.client().introspect(headers['elevated-access-token']), { active: false });
    assert.deepEqual(await issuer.client().introspect(issuer.session({ user })), { active: false });
  });

  it('says 503 when answers are lost, with Retry-After only where that is safe', async () => {
    const plain = forFetch(guard).require(scope)(() => new Response('done'));
    issuer.failConsume(1);
    const out = await run(plain, proof());
    assert.deepEqual([out.status, out.headers.get('retry-after'), (await out.json()).code], [503, null, 'step_up_unavailable']);
    issuer.loseAnswers(1);
    const spent = await run(plain, proof());
    assert.deepEqual([spent.status, (await spent.json()).payload.reason], [403, 'spent']);
    const keyed = forFetch(make({ operation: () => 'key' })).require(scope)(() => new Response('done'));
    issuer.failConsume(1);
    assert.equal((await run(keyed, proof())).headers.get('retry-after'), '1');
  });

  it('sends the service token to nobody else', async () => {
    const got = [];
    const thief = await listen((request, response) => { got.push(request.headers); response.end('{}'); });
    const detour = await listen((_, response) => { response.writeHead(307, { location: thief.at }); response.end(); });
    try {
      const client = createClient({ issuer: detour.at, serviceToken: 'stp_secret' });
      await assert.rejects(client.introspect('t'), { kind: 'unavailable' });
      await assert.rejects(client.consume({ token: 't', scope, operationId: 'o', requestDigest: 'd' }), { kind: 'unavailable' });
      await assert.rejects(remoteKeySet({ url: `${detour.at}/keys` }).keyFor('k', 'ES256'), /another host/);
      assert.deepEqual(got, []);
    } finally {
      thief.close();
      detour.close();
    }
  });

  it('reads no more than it must, and does not wait for ever', async () => {
    const flood = await listen((_, response) => { response.write(`{"keys":["${'x'.repeat(70_000)}`); response.end('"]}'); });
    try {
      await assert.rejects(remoteKeySet({ url: `${flood.at}/keys` }).keyFor('k', 'ES256'), /longer than 65536 bytes/);
      await assert.rejects(createClient({ issuer: flood.at, serviceToken: 'stp_x' }).introspect('t'), { kind: 'unavailable' });
    } finally {
      flood.close();
    }
  });

  it('shows no token to whoever prints things', async () => {
    logged.length = 0;
    const headers = proof();
    const secrets = [issuer.serviceToken, headers.authorization.slice(7), headers['elevated-access-token']];
    const wrong = createClient({ issuer: issuer.url, serviceToken: 'stp_not-this-one' });
    const errors = [];
    const answers = [];
    const refuse = (refusal) => { errors.push(refusal); return answerOf(refusal); };
    for (const more of [{ client: wrong }, { digest: () => { throw new Error('broken'); } }, { caller: () => ({ subject: 'x', session: 'y' }) }, { client: createClient({ issuer: 'http://127.0.0.1:1/x', serviceToken: issuer.serviceToken }) }]) {
      answers.push(await (await run(forFetch(make({ refuse, ...more })).require(scope)(() => new Response('')), headers)).text());
    }
    assert.equal(errors.length, 4);
    const printed = inspect([guard, issuer.client(), wrong, errors, logged, answers], { depth: Infinity, showHidden: true });
    for (const secret of [...secrets, 'stp_not-this-one']) assert.ok(!printed.includes(secret));
  });

  it('logs what only its operator can mend once a minute', async () => {
    logged.length = 0;
    const quiet = make({ client: createClient({ issuer: issuer.url, serviceToken: 'stp_not-this-one' }) });
    const route = forFetch(quiet).require(scope)(() => new Response(''));
    for (let i = 0; i < 5; i += 1) await run(route, { ...proof(), 'x-request-id': `request-${i}` });
    assert.deepEqual(logged.map(([message, { requestId }]) => [message, requestId]), [['stepup: the issuer refuses the service token of this guard', 'request-0']]);
  });

  it('reads texts of any length', () => {
    const long = JSON.stringify([{ type: 'a', text: 'x"\\u0041'.repeat(200_000) }]);
    assert.equal(canonical(long), JSON.stringify([{ text: 'x"\\u0041'.repeat(200_000), type: 'a' }]));
    assert.throws(() => canonical(`"${'\\u0041'.repeat(200_000)}`), /not JSON/);
  });

  it('compares nothing that JSON would leave out', async () => {
    const details = [{ type: 'transfer', payee: 'bob' }];
    const headers = () => proof({ authorizationDetails: details });
    for (const amount of [undefined, NaN, () => 1, Symbol('x'), 1n]) {
      const route = forFetch(guard).require(scope, boundTo(() => [{ ...details[0], amount }]))(() => assert.fail('it ran'));
      const answer = await run(route, headers());
      assert.deepEqual([answer.status, (await answer.json()).code], [400, 'invalid_request'], String(amount));
    }
    assert.equal((await run(forFetch(guard).require(scope, boundTo(() => details))(() => new Response('')), headers())).status, 200);
    assert.equal((await run(forFetch(guard).require(scope, boundTo(() => undefined))(() => new Response('')), headers())).status, 400);
  });

  it('lets nothing through when a function of yours has a bug', async () => {
    const route = forFetch(make({ operation: () => { throw new TypeError('a bug'); } })).require(scope)(() => assert.fail('it ran'));
    await assert.rejects(run(route, proof()), /a bug/);
    const nobody = forFetch(make({ caller: () => undefined })).require(scope)(() => assert.fail('it ran'));
    assert.equal((await run(nobody, proof())).status, 401);
    const slow = forFetch(make({ caller: () => AbortSignal.timeout(0).throwIfAborted() ?? new Promise((_, reject) => { AbortSignal.timeout(1).onabort = (event) => reject(event.target.reason); }) })).require(scope)(() => assert.fail('it ran'));
    assert.equal((await run(slow, proof())).status, 503);
  });

  it('has functions for what is not a guard', async () => {
    assert.deepEqual(parseScope('wallet:export'), { scope: 'wallet:export', builtIn: true, reserved: true });
    assert.equal(canonical('{"b":1.0,"a":[]}'), '{"a":[],"b":1}');
    assert.throws(() => canonical('{"a":1,"a":2}'), /twice/);
    assert.match(hashDetails('[{"type":"a"}]'), /^[0-9a-f]{64}$/);
    assert.throws(() => canonical(new Uint8Array([0x22, 0xff, 0x22])), /UTF-8/);
    const keys = await parseJwks(JSON.stringify(await (await fetch(`${issuer.url}/.well-known/jwks`)).json()));
    const verifier = createVerifier({ issuer: issuer.url, keys: staticKeySet(keys), now: issuer.now });
    const request = { headers: () => [`Bearer ${issuer.session()}`] };
    assert.deepEqual(await sessionCaller(verifier)(request), { subject: 'user-1', session: 'session-1' });
    assert.equal(bearerToken({ headers: () => ['bearer abc=='] }), 'abc==');
    assert.ok(isDenied(new DeniedError({ kind: 'invalid_session' }), 'unauthenticated') && isDenied(new DeniedError({ kind: 'spent' })) && !isDenied(new Error('x')));
    assert.equal(typeof rfc9470({ maxAge: 1 }), 'function');
    assert.throws(() => admissionOf({}), /no guard/);
  });
});

describe('frameworks', () => {
  let issuer;
  let guard;
  const confirmed = boundTo(async (request) => {
    const { to, amount } = await request.json();
    return [{ type: 'transfer', payee: to, amount }];
  });
  before(async () => {
    issuer = await openIssuer();
    guard = createGuard({ verifier: issuer.verifier(audience), client: issuer.client(), log: () => {} });
  });
  after(() => issuer.close());
  const order = { to: 'bob', amount: 25 };
  const proof = (authorizationDetails) => ({
    authorization: `Bearer ${issuer.session()}`, 'content-type': 'application/json', 'elevated-access-token': issuer.token({ scopes: [scope], audience, ...(authorizationDetails ? { authorizationDetails } : {}) }),
  });
  const details = [{ type: 'transfer', payee: 'bob', amount: 25 }];

  /** The same for all: routes /accounts, /transfers, /confirmed, and an answer {by, operation, body}. */
  const suite = (name, open) => it(name, async () => {
    const { at, close } = await open();
    const call = (path, headers, body = order) => fetch(`${at}${path}`, { method: path === '/accounts' ? 'GET' : 'POST', headers, ...(path === '/accounts' ? {} : { body: JSON.stringify(body) }) });
    try {
      assert.equal((await call('/accounts', {})).status, 401);
      assert.deepEqual(await (await call('/accounts', { authorization: `Bearer ${issuer.session()}` })).json(), { subject: 'user-1', session: 'session-1' });
      const headers = proof();
      const done = await (await call('/transfers?a=b', headers)).json();
      assert.deepEqual([done.by, done.body], ['user-1', order]);
      assert.match(done.operation, /^[\w-]{20,}$/);
      const again = await call('/transfers', headers);
      assert.deepEqual([again.status, again.headers.get('www-authenticate'), (await again.json()).payload.reason], [403, `Bearer error="insufficient_scope", scope="${scope}"`, 'spent']);
      const refused = await call('/confirmed', proof(details), { to: 'eve', amount: 25 });
      assert.deepEqual([refused.status, (await refused.json()).payload.authorizationDetails], [403, [{ type: 'transfer', payee: 'eve', amount: 25 }]]);
      assert.deepEqual((await (await call('/confirmed', proof(details))).json()).body, order);
    } finally {
      await close();
    }
  });

  const routes = (app, { require, signedIn }, ...parser) => app
    .get('/accounts', signedIn, (request, response) => response.json(admissionOf(request).caller))
    .post('/transfers', require(scope), ...(parser.length ? parser : [express.json()]), (request, response) => response.json(answer(admissionOf(request), request.body)))
    .post('/confirmed', ...parser, require(scope, confirmed), (request, response) => response.json(answer(admissionOf(request), request.body)));
  const answer = ({ claims, operation }, body) => ({ by: claims.subject, operation, body });

  suite('Express', () => listen(routes(express(), forExpress(guard))));
  suite('Express, behind a parser', () => listen(routes(express(), forExpress(guard), express.json())));
  suite('Express, behind a parser of bytes', () => listen(routes(express(), forExpress(guard), express.raw({ type: '*/*' }), (request, _, next) => { request.body = Buffer.isBuffer(request.body) ? JSON.parse(request.body) : request.body; next(); })));
  suite('Express, before a parser', () => listen(express()
    .get('/accounts', forExpress(guard).signedIn, (request, response) => response.json(admissionOf(request).caller))
    .post('/transfers', forExpress(guard).require(scope), express.json(), (request, response) => response.json(answer(admissionOf(request), request.body)))
    .post('/confirmed', forExpress(guard).require(scope, confirmed), express.json(), (request, response) => response.json(answer(admissionOf(request), request.body)))));
  suite('a router of Express', () => listen(express().use('/', routes(express.Router(), forExpress(guard)))));
  suite('Fastify', async () => {
    const app = fastify();
    const { require, signedIn } = forFastify(guard);
    app.get('/accounts', { onRequest: signedIn }, async (request) => admissionOf(request).caller);
    app.post('/transfers', { onRequest: require(scope) }, async (request) => answer(admissionOf(request), request.body));
    app.post('/confirmed', { preHandler: require(scope, confirmed) }, async (request) => answer(admissionOf(request), request.body));
    return { at: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() };
  });
  suite('Hono', async () => {
    const { require, signedIn } = forHono(guard);
    const app = new Hono()
      .get('/accounts', signedIn, (c) => c.json(admissionOf(c).caller))
      .post('/transfers', require(scope), async (c) => c.json(answer(admissionOf(c), await c.req.json())))
      .post('/confirmed', require(scope, confirmed), async (c) => c.json(answer(admissionOf(c), await c.req.json())));
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
    await once(server, 'listening');
    return { at: `http://127.0.0.1:${server.address().port}`, close: () => { server.closeAllConnections(); server.close(); } };
  });
  suite('Hono, behind something that read the body', async () => {
    const { require, signedIn } = forHono(guard);
    const app = new Hono()
      .get('/accounts', signedIn, (c) => c.json(admissionOf(c).caller))
      .use(async (c, next) => { await c.req.text(); return next(); })
      .post('/transfers', require(scope), async (c) => c.json(answer(admissionOf(c), await c.req.json())))
      .post('/confirmed', require(scope, confirmed), async (c) => c.json(answer(admissionOf(c), await c.req.json())));
    const server = serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' });
    await once(server, 'listening');
    return { at: `http://127.0.0.1:${server.address().port}`, close: () => { server.closeAllConnections(); server.close(); } };
  });
  suite('handlers of the Fetch standard', async () => {
    const { require, signedIn } = forFetch(guard);
    const handlers = {
      '/accounts': signedIn((_, { caller }) => Response.json(caller)),
      '/transfers': require(scope)(async (request, admission) => Response.json(answer(admission, await request.json()))),
      '/confirmed': require(scope, confirmed)(async (request, admission) => Response.json(answer(admission, await request.json()))),
    };
    const server = serve({ fetch: (request) => handlers[new URL(request.url).pathname](request), port: 0, hostname: '127.0.0.1' });
    await once(server, 'listening');
    return { at: `http://127.0.0.1:${server.address().port}`, close: () => { server.closeAllConnections(); server.close(); } };
  });

  it('guard what Fastify is injected with', async () => {
    const app = fastify();
    app.post('/transfers', { onRequest: forFastify(guard).require(scope) }, async () => ({ done: true }));
    assert.equal((await app.inject({ method: 'POST', url: '/transfers', headers: { authorization: `Bearer ${issuer.session()}` } })).json().payload.reason, 'missing');
    assert.deepEqual((await app.inject({ method: 'POST', url: '/transfers', headers: proof(), payload: order })).json(), { done: true });
  });

  it('see what two headers say, whatever Node makes of them', async () => {
    const { require } = forExpress(guard);
    const { at, close } = await listen(express().post('/transfers', require(scope), (_, response) => response.json({})));
    const { port } = new URL(at);
    const token = issuer.token({ scopes: [scope], audience });
    const send = (headers) => new Promise((resolve) => {
      http.request({ port, host: '127.0.0.1', path: '/transfers', method: 'POST', headers: ['Host', 'x', ...headers] }, (response) => { response.resume(); resolve(response.statusCode); }).end();
    });
    const session = issuer.session();
    assert.equal(await send(['Authorization', `Bearer ${session}`, 'Authorization', 'Bearer x', 'Elevated-Access-Token', token]), 401);
    assert.equal(await send(['Authorization', `Bearer ${session}`, 'Elevated-Access-Token', token, 'Elevated-Access-Token', token]), 400);
    assert.equal(await send(['Authorization', `Bearer ${session}`, 'Elevated-Access-Token', token]), 200);
    close();
  });
});

it('the tests of examples/node-service pass', () => {
  const { folder, remove } = copyNodeBank();
  try {
    execFileSync(process.execPath, ['--test', 'bank.test.mjs'], { cwd: folder, encoding: 'utf8', env: { ...process.env, NODE_TEST_CONTEXT: undefined }, stdio: 'pipe' });
  } catch (error) {
    assert.fail(`${error.stdout}${error.stderr}`);
  } finally {
    remove();
  }
});
