// Runs conformance/cases/guards on @stepup-auth/server: see README.md there.
import http from 'node:http';
import { once } from 'node:events';
import express from 'express';
import fastify from 'fastify';
import { Hono } from 'hono';
import { clock, comparison, openNetwork, openSet, plain, settled } from './frame.mjs';

const set = openSet('guards');
const { expand } = set;
const issuerOf = (given) => given.issuer ?? 'https://auth.example/api/v0/sdk/7c2a1c0e-5f5b-4c9c-9d5e-2f1f6a3f0b11';
const keys = set.json('vectors/keys.json');
const secrets = [...[...set.tokens.values()].map(({ token }) => token), 'stp_guard'];

/** Every case there is: `file.json: name`, and the case with what its file gives. */
export const guardCases = set.cases;

/** Leaves out what is empty. */
const present = (members) => Object.fromEntries(Object.entries(members).filter(([, value]) => value !== undefined && value !== '' && !(Array.isArray(value) && value.length === 0)));
const seconds = (date) => date && date.getTime() / 1000;

const common = (c) => ({
  iss: c.issuer, aud: c.audience, sub: c.subject, sid: c.session, environment_id: c.environmentId, scope: c.scopes, iat: seconds(c.issuedAt), exp: seconds(c.expires),
  session_public_key: c.sessionPublicKey, ext_iss: c.externalIssuer, ext_sub: c.externalSubject,
});
const proof = (c) => ({
  jti: c.id, auth_time: seconds(c.authTime), acr: c.acr, amr: c.amr, credential_id: c.credentialId, authorization_details: c.authorizationDetails,
  authorization_details_hash: c.authorizationDetailsHash, displayed: c.displayed,
});
const seen = ({ caller, claims, operation }, body) => present({
  ...caller, operation, body, ...(claims ? { scopes: claims.scopes, singleUse: claims.singleUse, displayed: claims.displayed } : {}),
});

/** Runs one case; returns what is not as expected. `sdk` is the package, `serve` how requests reach a guard. */
export const runCase = async (sdk, one, serve) => {
  const faults = [];
  const equal = comparison();
  let logged = [];
  let now = (one.clock ?? clock) * 1000;
  const { given } = one;
  const issuer = issuerOf(given);

  const network = openNetwork(issuer, (answer) => {
    const { jwks, text, body, status, headers = {} } = set.answer(answer);
    const said = jwks ? JSON.stringify({ keys: jwks.map((key) => (typeof key === 'string' ? keys[key].public : key)) }) : text ?? JSON.stringify(body);
    return new Response(said, { status, headers });
  });
  network.reset(one.network);

  const fail = ({ fails }) => {
    if (fails) throw fails === 'unavailable' ? new sdk.DeniedError({ kind: 'unavailable', message: 'asking' }) : new Error('somehow');
  };
  const transaction = async (request) => {
    if (given.boundTo !== 'transfer') return fail(given.boundTo) ?? given.boundTo.json;
    const { to, amount } = JSON.parse(await request.text());
    return [{ type: 'transfer', amount, payee: to }];
  };
  const build = async () => {
    const keySet = async () => {
      if (given.keys !== 'remote') return sdk.staticKeySet((await Promise.all((given.keys ?? ['main']).map((name) => sdk.parseJwks(JSON.stringify({ keys: [keys[name].public] }))))).flat());
      return one.network ? sdk.remoteKeySet({ url: `${issuer}/.well-known/jwks.json`, fetch: network.fetch, now: () => now }) : undefined;
    };
    const verifier = sdk.createVerifier({
      issuer, audiences: given.audiences ?? ['https://bank.example'], sessionAudiences: given.sessionAudiences, plainHttp: given.plainHttp, keys: await keySet(), now: () => now,
    });
    const client = given.client === false ? undefined : sdk.createClient({ issuer, serviceToken: given.serviceToken ?? 'stp_guard', plainHttp: given.plainHttp, fetch: network.fetch });
    const guard = sdk.createGuard({
      verifier, client, offlineOnly: given.offlineOnly, alwaysConsume: given.alwaysConsume, ignoreSession: given.ignoreSession,
      caller: given.caller && (() => fail(given.caller) ?? given.caller),
      operation: given.operation && ((request) => request.headers(given.operation.toLowerCase())[0]),
      digest: given.digest && (() => given.digest),
      log: (message, about) => logged.push(message, JSON.stringify(about)),
      refuse: given.rfc9470 && sdk.rfc9470(given.rfc9470),
      onReplay: given.replays && ((_, { operation }) => ({ status: 200, headers: { 'x-case': 'replayed' }, body: JSON.stringify({ operation }) })),
    });
    const option = given.boundTo && sdk.boundTo(transaction);
    guard.require(given.scope ?? 'transfer:create', option);
    return { verifier, client, guard, option };
  };
  let made;
  let broken;
  try {
    made = await build();
  } catch (error) {
    broken = error;
    if (one.steps[0].call !== 'configure') return [`making the guard: ${error.message}`];
  }

  const outcome = async (name, asked, read) => {
    try {
      return { [name]: read(await asked) };
    } catch (error) {
      if (!(error instanceof sdk.DeniedError)) throw error;
      return present({ denied: error.kind, ...(error instanceof sdk.RefusedError ? { code: error.code, scope: error.scope, singleUse: error.singleUse, methods: error.methods, requestId: error.requestId } : {}) });
    }
  };
  const readable = async (name, read) => {
    try {
      return { [name]: await read() };
    } catch {
      return { refused: true };
    }
  };
  const request = async (call, asked) => {
    const answer = await serve(sdk, { ...made, call, scope: given.scope ?? 'transfer:create' }, asked);
    const members = JSON.parse(answer.body);
    const warned = logged.length > 0 ? { warned: true } : {};
    const name = answer.headers.get('x-case');
    if (name) return { [name]: members, ...warned };
    for (const [header, want] of Object.entries({ 'content-type': 'application/json', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'x-request-id': members.requestId })) {
      const value = answer.headers.get(header)?.replace(/; charset=utf-8$/, '');
      if (value !== want || !value) faults.push(`a refusal has ${header}: ${value}`);
    }
    const spending = network.requests.some(({ to }) => to === 'POST /tokens/consume');
    if (answer.status === 503 && members.error.includes('may have been used up') !== spending) faults.push(`spending ${spending}, and a refusal says: ${members.error}`);
    if (!members.error) faults.push('a refusal says nothing');
    const { requestId, ...payload } = members.payload ?? { requestId: members.requestId };
    if (requestId !== members.requestId) faults.push('a refusal has two request ids');
    return {
      refused: plain({ status: answer.status, code: members.code, ...payload, challenge: answer.headers.get('www-authenticate') ?? undefined, retryAfter: answer.headers.get('retry-after') ?? undefined }),
      ...warned,
    };
  };
  const calls = {
    require: (asked) => request('require', asked),
    signedIn: (asked) => request('signedIn', asked),
    elevated: ({ token }) => outcome('claims', made.verifier.elevated(token), (c) => present({ ...common(c), ...proof(c), singleUse: c.singleUse, jkt: c.keyThumbprint })),
    session: ({ token }) => outcome('claims', made.verifier.session(token), (c) => present({ ...common(c), last_verified_credential_id: c.lastVerifiedCredentialId, signin_credential_id: c.signInCredentialId, complete: c.complete })),
    consume: (asked) => outcome('consumed', made.client.consume(asked), (c) => present({ result: c.result, ...common(c), ...proof(c) })),
    introspect: ({ token }) => outcome('introspection', made.client.introspect(token), (i) => (i.active ? present({ active: true, typ: i.type, client_id: i.clientId, singleUse: i.singleUse, ...common(i), ...proof(i) }) : i)),
    canonical: ({ document }) => readable('text', () => sdk.canonical(document)),
    hashDetails: ({ document }) => readable('hash', () => sdk.hashDetails(document)),
    parseJwks: ({ document }) => readable('keys', async () => (await sdk.parseJwks(document)).map(({ id, algorithm }) => ({ kid: id, alg: algorithm }))),
    parseScope: async ({ scope }) => {
      const read = await readable('scope', () => sdk.parseScope(scope));
      return read.scope ? { reserved: read.scope.reserved, builtIn: read.scope.builtIn } : read;
    },
    configure: async () => (broken ? { refused: true } : { made: true }),
  };

  const compare = (at, want, got) => {
    if (!equal(want, got)) faults.push(`${at}: want ${JSON.stringify(want)}, got ${JSON.stringify(got)}`);
  };

  for (const [i, step] of one.steps.entries()) {
    now += (step.after ?? 0) * 1000;
    [network.requests, logged] = [[], []];
    if (!calls[step.call]) {
      faults.push(`this runner does not know the call ${step.call}`);
      continue;
    }
    let got;
    try {
      got = plain(await calls[step.call](expand(step.with ?? {})));
    } catch (error) {
      faults.push(`step ${i + 1}: ${error.stack}`);
      continue;
    }
    await settled();
    compare(`step ${i + 1}`, expand(step.expect), got);
    const { requests } = network;
    const wanted = step.requests ?? [];
    if (wanted.length !== requests.length) faults.push(`step ${i + 1}: ${requests.length} requests, want ${wanted.length}`);
    else {
      for (const [n, want] of wanted.entries()) {
        const at = `step ${i + 1}, request ${n + 1}`;
        compare(`${at}: to`, want.to, requests[n].to);
        for (const [name, value] of Object.entries(want.headers ?? {})) compare(`${at}: ${name}`, value, requests[n].headers.get(name));
        if ('body' in want) compare(`${at}: body`, expand(want.body), JSON.parse(requests[n].body));
        if (want.form) compare(`${at}: form`, expand(want.form), Object.fromEntries(new URLSearchParams(requests[n].body)));
      }
    }
    const said = logged.join() + JSON.stringify(got);
    if (secrets.some((secret) => secret.length > 6 && said.includes(secret))) faults.push(`step ${i + 1}: a token in a log or an answer`);
  }
  return [...network.strange, ...faults];
};

const requestOf = ({ method, target, headers, body, bodyLength }) => {
  const text = bodyLength ? 'x'.repeat(bodyLength) : body;
  return { method, target, headers: text === undefined ? headers : [...headers, ['Content-Type', 'application/json']], text };
};
const admitted = (admission, body) => JSON.stringify(seen(admission, body));

/** A request of the Fetch standard, without a connection. */
const asFetch = (asked) => {
  const { method, target, headers, text } = requestOf(asked);
  return new Request(`https://bank.example${target}`, { method, headers, body: text });
};
const read = async (response) => ({ status: response.status, headers: response.headers, body: await response.text() });

/** One server for each framework that has connections; what it does is set anew for each request. */
const openServer = async (listener) => {
  const server = http.createServer(listener).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const agent = new http.Agent({ keepAlive: false });
  const send = (asked) => new Promise((resolve, reject) => {
    const { method, target, headers, text } = requestOf(asked);
    const length = text === undefined ? [] : ['Content-Length', String(Buffer.byteLength(text))];
    const request = http.request({ port: server.address().port, host: '127.0.0.1', method, path: target, agent, headers: ['Host', 'bank.example', ...headers.flat(), ...length] }, async (response) => {
      const chunks = [];
      for await (const chunk of response) chunks.push(chunk);
      resolve({ status: response.statusCode, headers: new Headers(Object.entries(response.headers)), body: Buffer.concat(chunks).toString() });
    });
    request.on('error', reject);
    request.end(text);
  });
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { send, close };
};

/** How requests reach a guard, by framework: `serve(sdk, guarded, request)`. */
export const openFrameworks = async () => {
  const judge = (made, { require, signedIn }) => (made.call === 'require' ? require(made.scope, made.option) : signedIn);
  const fetchServe = async (sdk, made, asked) => {
    const { require, signedIn } = sdk.forFetch(made.guard);
    const handler = async (request, admission) => new Response(admitted(admission, await request.text()), { headers: { 'x-case': 'admitted' } });
    return read(await (made.call === 'require' ? require(made.scope, made.option)(handler) : signedIn(handler))(asFetch(asked)));
  };
  const honoServe = async (sdk, made, asked) => {
    const app = new Hono().all('*', judge(made, sdk.forHono(made.guard)), async (c) => c.text(admitted(sdk.admissionOf(c), await c.req.text()), 200, { 'x-case': 'admitted' }));
    return read(await app.request(asFetch(asked)));
  };
  let current;
  const app = express();
  app.use((request, response, next) => current.middleware(request, response, next));
  app.use(async (request, response) => {
    let { body } = request;
    if (body === undefined) body = await new Response(request.readableEnded ? '' : streamOf(request)).text();
    response.set('x-case', 'admitted').send(admitted(current.sdk.admissionOf(request), body));
  });
  app.use((error, request, response, _next) => response.status(500).json({ error: error.stack }));
  const expressServer = await openServer(app);
  const expressServe = (sdk, made, asked) => {
    current = { sdk, middleware: judge(made, sdk.forExpress(made.guard)) };
    return expressServer.send(asked);
  };
  const server = fastify({ bodyLimit: 2 << 20 });
  server.removeAllContentTypeParsers();
  server.addContentTypeParser('*', { parseAs: 'string' }, (_, body, done) => done(null, body));
  let hook;
  server.all('/*', { preHandler: (request, reply) => hook.run(request, reply) }, (request, reply) => reply.header('x-case', 'admitted').send(admitted(hook.sdk.admissionOf(request), request.body ?? undefined)));
  await server.ready();
  const fastifyServer = await openServer((request, response) => server.routing(request, response));
  const fastifyServe = (sdk, made, asked) => {
    hook = { sdk, run: judge(made, sdk.forFastify(made.guard)) };
    return fastifyServer.send(asked);
  };
  return {
    serves: { fetch: fetchServe, hono: honoServe, express: expressServe, fastify: fastifyServe },
    close: async () => {
      expressServer.close();
      fastifyServer.close();
      await server.close();
    },
  };
};

const streamOf = (request) => new ReadableStream({
  async start(controller) {
    for await (const chunk of request) controller.enqueue(chunk);
    controller.close();
  },
});
