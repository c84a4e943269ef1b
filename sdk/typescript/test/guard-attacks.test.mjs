// @stepup-auth/server under attack, where a server of this tree mints, publishes keys and spends: crowds with one token, replays, bodies that
// were changed, and key sets that rotate, vanish and double.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { generateKeyPairSync, sign } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import http from 'node:http';
import { once } from 'node:events';
import { tmpdir } from 'node:os';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { serve } from '@hono/node-server';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import * as sdk from '@stepup-auth/client';
import { admissionOf, boundTo, createClient, createGuard, createVerifier, forExpress, forFastify, forFetch, forHono, remoteKeySet } from '@stepup-auth/server';
import { signedIn } from './lib/app.mjs';
import { openOutside, startServer } from './lib/server.mjs';

const program = fileURLToPath(new URL('../../../bin/stepup', import.meta.url));
const scope = 'transfer:create';
const audience = 'https://bank.example';
const crowd = 200;
const folder = mkdtempSync(`${tmpdir()}/stepup-guard-`);
const [database, masterKey, tokenFile] = [`sqlite:${folder}/stepup.db`, `${folder}/master.key`, `${folder}/service.token`];

let outside;
let server;
before(async () => {
  outside = await openOutside();
  server = await startServer({
    smtpPort: outside.mailbox.port, sinkPort: outside.port, COMPATIBILITY: 'none', SERVICE_TOKEN_FILE: tokenFile, DATABASE_URL: database, MASTER_KEY_FILE: masterKey,
  });
});
after(async () => {
  await outside?.close();
  if (server) assert.equal(await server.stop(), 0, `how the server ended:\n${server.log()}`);
  rmSync(folder, { recursive: true, force: true });
});

/** Rotates the keys of the environment, as an operator does: on the host, while the server runs. */
const rotate = (...options) => execFileSync(program, ['keys', 'rotate', server.environment, ...options], {
  env: { PATH: process.env.PATH, STEPUP_DATABASE_URL: database, STEPUP_MASTER_KEY_FILE: masterKey, STEPUP_PUBLIC_URL: server.origin }, encoding: 'utf8',
});

const headersOf = (app, token) => ({ authorization: `Bearer ${app.client.token}`, 'content-type': 'application/json', 'elevated-access-token': token });

/** A user who has just proved it. */
const proven = async () => {
  const app = await signedIn(server, outside.mailbox);
  await app.stepUp(scope);
  const token = app.token(scope);
  return { app, token, headers: headersOf(app, token) };
};

/** A user who has just confirmed one payee and amount. */
const confirmed = async (payee, amount) => {
  const app = await signedIn(server, outside.mailbox);
  const { bindingId, hash } = await sdk.registerBinding({ scope, authorizationDetails: [{ type: 'transfer', payee, amount }] }, app.client);
  await sdk.sendEmailOTP({ email: app.email, bindingId, requestedScopes: [scope] }, app.client);
  await sdk.verifyOTP({ verificationToken: await outside.mailbox.code(app.email), bindingId, requestedScopes: [scope] }, app.client);
  return headersOf(app, sdk.getElevatedAccessToken({ scope, boundTo: hash }, app.client));
};

/** Is asked however long a crowd of a busy machine takes: what is attacked here is not its patience. */
const patient = (url, init) => fetch(url, { ...init, signal: undefined });
const client = (more) => createClient({ issuer: server.issuer, serviceToken: readFileSync(tokenFile, 'utf8').trim(), fetch: patient, ...more });
const verifier = (more) => createVerifier({ issuer: server.issuer, audiences: [audience], ...more });
const guard = (more) => createGuard({ verifier: verifier(), client: client(), log: () => {}, ...more });

/** A route of the Fetch standard behind a guard: call(headers, body) is one request, ran() what its handler got. */
const route = (of, option, target = '/transfers') => {
  const ran = [];
  const handler = forFetch(of).require(scope, option)(async (request) => {
    ran.push(await request.text());
    return Response.json({ done: true }, { status: 201 });
  });
  const call = (headers, body = '{}', at = target) => handler(new Request(`https://bank.example${at}`, { method: 'POST', headers, body }));
  return { call, ran };
};

/** How often each status and reason was answered. */
const counted = async (answers) => {
  const counts = {};
  for (const answer of await Promise.all(answers)) {
    const { code = '', payload } = await answer.json();
    const key = [answer.status, payload?.reason ?? code].join(' ').trim();
    counts[key] = (counts[key] ?? 0) + 1;
  }
  return counts;
};
const together = (call, size = crowd) => counted(Array.from({ length: size }, (_, n) => call(n)));

/** A server with one guarded route, by framework. */
const listening = async (listener) => {
  if (!listener.listening) await once(listener, 'listening');
  return { at: `http://127.0.0.1:${listener.address().port}`, close: () => { listener.closeAllConnections(); listener.close(); } };
};
const frameworks = {
  Express: (of, handle) => listening(http.createServer(express().post('/transfers', forExpress(of).require(scope), express.json(), (request, response) => {
    handle(admissionOf(request));
    response.status(201).json({});
  })).listen(0, '127.0.0.1')),
  Fastify: async (of, handle) => {
    const app = fastify();
    app.post('/transfers', { onRequest: forFastify(of).require(scope) }, async (request, reply) => {
      handle(admissionOf(request));
      return reply.code(201).send({});
    });
    return { at: await app.listen({ port: 0, host: '127.0.0.1' }), close: () => app.close() };
  },
  Hono: (of, handle) => {
    const app = new Hono().post('/transfers', forHono(of).require(scope), (context) => {
      handle(admissionOf(context));
      return context.json({}, 201);
    });
    return listening(serve({ fetch: app.fetch, port: 0, hostname: '127.0.0.1' }));
  },
  'the Fetch standard': (of, handle) => {
    const handler = forFetch(of).require(scope)((_, admission) => {
      handle(admission);
      return Response.json({}, { status: 201 });
    });
    return listening(serve({ fetch: handler, port: 0, hostname: '127.0.0.1' }));
  },
};

describe('requests at once with one token', () => {
  for (const [name, start] of Object.entries(frameworks)) {
    const size = name === 'Express' || process.env.LONG_TESTS ? crowd : 50;
    it(`pass once of ${size}, at two servers of ${name}`, async () => {
      const { app, token, headers } = await proven();
      const ran = [];
      const nodes = [await start(guard(), (admission) => ran.push(admission)), await start(guard(), (admission) => ran.push(admission))];
      try {
        assert.equal((await client().introspect(token)).active, true);
        const counts = await together((n) => fetch(`${nodes[n % 2].at}/transfers`, { method: 'POST', headers, body: '{"to":"bob"}' }), size);
        assert.deepEqual(counts, { 201: 1, '403 spent': size - 1 });
        assert.deepEqual([ran.length, ran[0].caller.subject], [1, app.client.user.id]);
        assert.deepEqual(await client().introspect(token), { active: false });
      } finally {
        await Promise.all(nodes.map(({ close }) => close()));
      }
    });
  }

  it('pass once under one key, whose answers tell a lost one apart', async () => {
    const { headers } = await proven();
    const { call, ran } = route(guard({ operation: (request) => request.headers('idempotency-key')[0] }));
    assert.deepEqual(await together(() => call({ ...headers, 'idempotency-key': 'rent-may' })), { 201: 1, '409 operation_replayed': crowd - 1 });
    assert.equal(ran.length, 1);
    // A key of one's own for each is no way around: the token is spent.
    assert.deepEqual(await together((n) => call({ ...headers, 'idempotency-key': `rent-${n}` }), 20), { '403 spent': 20 });
    assert.equal(ran.length, 1);
  });
});

describe('what was sent before', () => {
  it('is refused: later, elsewhere, by others, as another kind, and under the same key with another body', async () => {
    const [ada, eve] = [await proven(), await proven()];
    const digest = async (request) => `body:${Buffer.from(await request.text()).toString('base64url')}`;
    const keyed = route(guard({ operation: (request) => request.headers('idempotency-key')[0], digest }));
    const under = (headers) => ({ ...headers, 'idempotency-key': 'k' });
    const order = '{"to":"bob","amount":25}';
    assert.deepEqual(await counted([keyed.call(under(headersOf(eve.app, ada.token)), order)]), { '403 wrong_subject': 1 });
    assert.deepEqual(await counted([keyed.call(under(ada.headers), order)]), { 201: 1 });
    assert.deepEqual(await counted([keyed.call(under(ada.headers), order)]), { '409 operation_replayed': 1 });
    assert.deepEqual(await counted([keyed.call(under(ada.headers), '{"to":"mallory","amount":25}')]), { '409 operation_conflict': 1 });
    assert.deepEqual(keyed.ran, [order]);

    const plain = route(guard());
    assert.deepEqual(await counted([plain.call(ada.headers), plain.call(ada.headers, order, '/transfers?to=mallory')]), { '403 spent': 2 });
    const swapped = { authorization: `Bearer ${eve.token}`, 'elevated-access-token': eve.app.client.token };
    assert.deepEqual(await counted([plain.call(swapped)]), { '401 invalid_session': 1 });
    assert.deepEqual(await counted([plain.call({ ...eve.headers, 'x-dyn-elevated-access-token': eve.token })]), { '400 ambiguous_elevated_access_token': 1 });
    assert.deepEqual(plain.ran, []);
    assert.deepEqual(await counted([plain.call(eve.headers)]), { 201: 1 }); // none of that cost her anything
  });

  it('is refused once its session has ended, though the token lives on', async () => {
    const { app, headers } = await proven();
    await sdk.logout(app.client);
    const { call, ran } = route(guard());
    const [[told]] = Object.entries(await counted([call(headers)]));
    assert.match(told, /^40[13] /);
    assert.deepEqual(ran, []);
  });
});

it(`of ${crowd} bodies only what was confirmed passes, once`, async () => {
  const details = boundTo(async (request) => {
    const { to, amount } = await request.json();
    return [{ type: 'transfer', payee: to, amount }];
  });
  const headers = await confirmed('bob', '25');
  const { call, ran } = route(guard(), details);
  const changed = [
    '{"to":"mallory","amount":"25"}', '{"to":"bob","amount":"250"}', '{"to":"bob","amount":25}', '{"to":"bob ","amount":"25"}', '{"to":"BOB","amount":"25"}',
    '{"to":"bob","amount":"25","to":"mallory"}', '{"to":"b\\u043eb","amount":"25"}', '{"to":["bob"],"amount":"25"}', '{"to":"bob","amount":"25.0"}',
  ];
  const first = await together((n) => call(headers, changed[n]), changed.length);
  assert.deepEqual(first, { '403 wrong_binding': changed.length });
  assert.deepEqual(ran, []);
  const good = '{"amount": "25", "to": "\\u0062ob"}'; // the same transaction, written otherwise
  const { 201: passed, '403 wrong_binding': wrong, '403 spent': spent } = await together((n) => call(headers, n % 2 ? good : changed[n % changed.length]));
  assert.deepEqual([passed, wrong, spent, ran], [1, crowd / 2, crowd / 2 - 1, [good]]);
});

describe('key sets', () => {
  const address = () => `${server.issuer}/.well-known/jwks.json`;
  /** What the issuer publishes, changed on the way by change(document), which may answer a Response instead; fetches() counts. */
  const between = () => {
    const on = { change: (document) => document, fetches: 0, ahead: 0 };
    const through = async (url, init) => {
      on.fetches += 1;
      const document = on.change(await (await patient(url, init)).json());
      return document instanceof Response ? document : Response.json(document);
    };
    const of = guard({ verifier: verifier({ keys: remoteKeySet({ url: address(), fetch: through, now: () => Date.now() + on.ahead }) }) });
    return Object.assign(on, route(of));
  };
  const foreign = () => {
    const { publicKey, privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    /** A token that was good, signed anew. */
    const forge = (token, more = {}) => {
      const [header, payload] = token.split('.').map((part) => Buffer.from(part, 'base64url').toString());
      const text = [JSON.stringify({ ...JSON.parse(header), ...more }), payload].map((part) => Buffer.from(part).toString('base64url')).join('.');
      return `${text}.${sign('sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' }).toString('base64url')}`;
    };
    return { jwk: (kid) => ({ ...publicKey.export({ format: 'jwk' }), kid, alg: 'ES256', use: 'sig' }), forge };
  };
  const kidOf = (token) => JSON.parse(Buffer.from(token.split('.')[0], 'base64url')).kid;

  it('that vanish: 503 where nothing is known, and after ten minutes where it was; afterwards the same request passes', async () => {
    const { headers } = await proven();
    const away = [() => new Response('no', { status: 500 }), () => new Response('{"keys":['), () => new Response('', { status: 302, headers: { location: 'https://elsewhere.example/' } })];
    for (const gone of away) {
      const fresh = Object.assign(between(), { change: gone });
      assert.deepEqual(await counted([fresh.call(headers)]), { '503 step_up_unavailable': 1 });
    }
    const empty = Object.assign(between(), { change: () => ({ keys: [] }) });
    assert.deepEqual(await counted([empty.call(headers)]), { '401 invalid_session': 1 });

    const known = between();
    assert.deepEqual(await counted([known.call({ ...headers, 'elevated-access-token': 'x' })]), { '403 missing': 1 }); // the session was good
    [known.change] = away;
    known.ahead = 9 * 60_000;
    const other = await proven();
    assert.deepEqual(await counted([known.call(other.headers)]), { 201: 1 });
    known.ahead = 10 * 60_000;
    assert.deepEqual(await together(() => known.call(headers)), { '503 step_up_unavailable': crowd });
    assert.ok(known.fetches <= 4, `${known.fetches} fetches`);
    known.ahead += 6_000;
    known.change = (document) => document;
    assert.deepEqual(await counted([known.call(headers)]), { 201: 1 });
    assert.equal(known.ran.length, 2);
  });

  it('that double: a kid with two keys is nobody’s, the same key twice is one, and a foreign key opens nothing', async () => {
    const { app, token, headers } = await proven();
    const thief = foreign();
    const forged = { authorization: `Bearer ${thief.forge(app.client.token)}`, 'elevated-access-token': thief.forge(token) };
    const none = { authorization: `Bearer ${thief.forge(app.client.token, { kid: 'k' })}`, 'elevated-access-token': thief.forge(token, { kid: 'k' }) };

    const plain = between();
    const claimed = await together((n) => plain.call(n % 2 ? forged : none));
    assert.deepEqual(claimed, { '401 invalid_session': crowd });
    assert.ok(plain.fetches <= 2, `${plain.fetches} fetches for ${crowd} forged tokens`);
    // Under a session that is good, too.
    assert.deepEqual(await counted([plain.call({ ...headers, 'elevated-access-token': thief.forge(token) })]), { '403 missing': 1 });

    const doubled = Object.assign(between(), { change: ({ keys }) => ({ keys: [...keys, thief.jwk(kidOf(token))] }) });
    assert.deepEqual(await counted([doubled.call(headers), doubled.call(forged)]), { '401 invalid_session': 2 });
    assert.deepEqual([plain.ran, doubled.ran], [[], []]);

    const twice = Object.assign(between(), { change: ({ keys }) => ({ keys: [...keys, ...keys, { kty: 'oct', k: 'c2VjcmV0', alg: 'HS256', kid: kidOf(token) }] }) });
    assert.deepEqual(await counted([twice.call(headers)]), { 201: 1 });
  });

  it('that rotate: a new key is found at once and by one fetch, and tokens of a key that leaked are dead', async () => {
    const known = between();
    const early = await proven();
    assert.deepEqual(await counted([known.call({ ...early.headers, 'elevated-access-token': 'x' })]), { '403 missing': 1 });
    assert.match(rotate(), /published now/);
    const beside = between();
    assert.deepEqual(await counted([beside.call((await proven()).headers)]), { 201: 1 }); // the older one signs on, and both are published
    assert.equal((await (await fetch(address())).json()).keys.length, 2);

    assert.match(rotate('--at-once'), /signs now/);
    const late = await proven();
    assert.notEqual(kidOf(late.token), kidOf(early.token));
    // A guard that still has the old keys asks the issuer, which knows better; one that has the new ones knows it by itself.
    assert.equal((await (await fetch(address())).json()).keys.some(({ kid }) => kid === kidOf(early.token)), false);
    for (const [told, count] of Object.entries(await together(() => known.call(early.headers), 20))) assert.match(`${told} ${count}`, /^40[13] .* 20$/);
    const before = known.fetches;
    assert.deepEqual(await together(() => known.call(late.headers)), { 201: 1, '403 spent': crowd - 1 });
    assert.equal(known.fetches - before, 1);
    assert.deepEqual(await together(() => known.call(early.headers), 20), { '401 invalid_session': 20 });
    assert.equal(known.ran.length, 1);
  });
});
