// @stepup-auth/server on a server of this tree: the real issuer mints, publishes keys and spends; and docs/sdk/node-server.md.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import http from 'node:http';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { transform } from 'esbuild';
import { serve } from '@hono/node-server';
import * as sdk from '@stepup-auth/client';
import { createClient, createGuard, createVerifier, forFetch } from '@stepup-auth/server';
import { signedIn } from '../lib/app.mjs';
import { startNodeBank } from '../lib/nodeBank.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const scope = 'transfer:create';
const audience = 'https://bank.example';

export const servers = (on) => {
  /** A user who has just proved it, and the headers of a call. */
  const proven = async () => {
    const app = await signedIn(on.server, on.mailbox);
    await app.stepUp(scope);
    return { app, headers: headersOf(app, app.token(scope)) };
  };
  const headersOf = (app, token) => ({ authorization: `Bearer ${app.client.token}`, 'content-type': 'application/json', ...(token ? { 'elevated-access-token': token } : {}) });
  const open = (more, address = on.server.issuer) => {
    const client = createClient({ issuer: address, serviceToken: readFileSync(on.serviceToken, 'utf8').trim() });
    const verifier = createVerifier({ issuer: on.server.issuer, audiences: [audience] });
    const guard = createGuard({ verifier, client, log: () => {}, ...more });
    let ran = 0;
    const route = forFetch(guard).require(scope)(() => { ran += 1; return Response.json({ done: true }); });
    const call = (headers) => route(new Request('https://bank.example/transfers', { method: 'POST', headers, body: '{}' }));
    return { client, verifier, call, ran: () => ran };
  };

  describe('a guard on Node', () => {
    it('knows whose token it is, and what the issuer says of it', async () => {
      const [ada, eve] = [await proven(), await signedIn(on.server, on.mailbox)];
      const { call, client, verifier } = open();
      const stolen = await call(headersOf(eve, ada.headers['elevated-access-token']));
      assert.deepEqual([stolen.status, (await stolen.json()).payload.reason], [403, 'wrong_subject']);
      const claims = await verifier.elevated(ada.headers['elevated-access-token']);
      const known = await client.introspect(ada.headers['elevated-access-token']);
      assert.deepEqual([known.subject, known.session, known.id, known.acr, known.expires], [claims.subject, claims.session, claims.id, claims.acr, claims.expires]);
      assert.deepEqual([claims.scopes, claims.audience, claims.singleUse], [[scope], [audience], true]);
      const session = await client.introspect(ada.app.client.token);
      assert.deepEqual([session.active, session.type, session.subject], [true, 'at+jwt', claims.subject]);
      assert.equal((await call(ada.headers)).status, 200);
      await sdk.logout(ada.app.client);
      assert.deepEqual(await client.introspect(ada.headers.authorization.slice(7)), { active: false });
    });

    it('says 503 while the issuer is out of reach, and lets the same request through afterwards', async () => {
      let out = true;
      const between = http.createServer((request, response) => {
        if (out) return request.socket.destroy();
        const onward = http.request({ host: '127.0.0.1', port: new URL(on.server.issuer).port, path: request.url, method: request.method, headers: request.headers }, (answer) => {
          response.writeHead(answer.statusCode, answer.headers);
          answer.pipe(response);
        });
        return request.pipe(onward);
      }).listen(0, '127.0.0.1');
      await once(between, 'listening');
      try {
        const address = on.server.issuer.replace(/^http:\/\/[^/]+/, `http://127.0.0.1:${between.address().port}`);
        const { call, ran } = open({ operation: () => 'rent-may' }, address);
        const { headers } = await proven();
        const refused = await call(headers);
        assert.deepEqual([refused.status, refused.headers.get('retry-after'), (await refused.json()).code], [503, '1', 'step_up_unavailable']);
        const plain = await open({}, address).call(headers);
        assert.deepEqual([plain.status, plain.headers.get('retry-after'), (await plain.json()).code], [503, null, 'step_up_unavailable']);
        out = false;
        assert.equal((await call(headers)).status, 200);
        const again = await call(headers);
        assert.deepEqual([again.status, (await again.json()).code, ran()], [409, 'operation_replayed', 1]);
      } finally {
        between.closeAllConnections();
        between.close();
      }
    });

    it('tells its operator of a service token that is not known', async () => {
      const told = [];
      const { headers } = await proven();
      const guard = createGuard({
        verifier: createVerifier({ issuer: on.server.issuer, audiences: [audience] }), client: createClient({ issuer: on.server.issuer, serviceToken: 'stp_unknown' }), log: (message) => told.push(message),
      });
      const answer = await forFetch(guard).require(scope)(() => assert.fail('it ran'))(new Request('https://bank.example/', { headers }));
      assert.deepEqual([answer.status, told], [503, ['stepup: the issuer refuses the service token of this guard']]);
    });
  });

  it('examples/node-service is a bank, for ensure too', async () => {
    const bank = await startNodeBank(on.server.issuer, on.serviceToken);
    try {
      const app = await signedIn(on.server, on.mailbox);
      const accounts = await fetch(`${bank.origin}/accounts`, { headers: headersOf(app) });
      assert.equal((await accounts.json()).accounts[0].balance, 1000);
      const send = (token) => fetch(`${bank.origin}/transfers`, { method: 'POST', headers: headersOf(app, token), body: '{"to":"bob","amount":25}' });
      const refused = await send();
      assert.deepEqual([refused.status, refused.headers.get('www-authenticate')], [403, `Bearer error="insufficient_scope", scope="${scope}"`]);
      sdk.registerStepUpPrompt({ prompt: async () => void (await app.stepUp(scope)) }, app.client);
      const done = await sdk.ensure(scope, ({ token }) => send(token()), app.client);
      assert.deepEqual([done.outcome, done.result.status, (await done.result.json()).balance], ['verified', 201, 975]);

      const details = [{ type: 'transfer', amount: '25', currency: 'EUR', payee: 'bob' }];
      const binding = await sdk.registerBinding({ scope, authorizationDetails: details }, app.client);
      await sdk.sendEmailOTP({ email: app.email, bindingId: binding.bindingId, requestedScopes: [scope] }, app.client);
      await sdk.verifyOTP({ verificationToken: await on.mailbox.code(app.email), bindingId: binding.bindingId, requestedScopes: [scope] }, app.client);
      const token = sdk.getElevatedAccessToken({ scope, boundTo: binding.hash }, app.client);
      const confirmed = (to) => fetch(`${bank.origin}/transfers/confirmed`, { method: 'POST', headers: headersOf(app, token), body: JSON.stringify({ to, amount: 25 }) });
      assert.equal((await (await confirmed('mallory')).json()).payload.reason, 'wrong_binding');
      assert.equal((await (await confirmed('bob')).json()).balance, 950);
    } finally {
      assert.equal(await bank.stop(), 0);
    }
  });

  describe('docs/sdk/node-server.md', () => {
    let folder;
    const page = {};
    before(async () => {
      folder = mkdtempSync(`${root}test/imports-changed-`);
      const text = readFileSync(`${root}../../docs/sdk/node-server.md`, 'utf8');
      const blocks = [...text.matchAll(/```ts\n([\s\S]*?)```/g)].map(([, block]) => [/^export const (\w+)/m.exec(block)[1], block]);
      assert.deepEqual(blocks.map(([name]) => name), ['verifier', 'expressApp', 'fastifyApp', 'honoApp', 'fetchRoutes', 'strictRoute', 'confirmedApp', 'oursRoute', 'work', 'tryIt']);
      const files = new Map([...blocks.map(([name, block]) => [name === 'verifier' ? 'guard' : name, block]),
        ['verifyOurs', 'export const verifyOurs = async (token: string) => { if (token !== "ours") throw new Error("no"); return { iss: "https://login.example", sub: "ada" }; };']]);
      for (const [name, block] of files) writeFileSync(`${folder}/${name}.ts`, block);
      writeFileSync(`${folder}/package.json`, '{"type":"module"}');
      writeFileSync(`${folder}/tsconfig.json`, JSON.stringify({ compilerOptions: { target: 'ES2022', module: 'NodeNext', moduleResolution: 'NodeNext', lib: ['ES2022', 'DOM'], types: ['node'], strict: true, noEmit: true, skipLibCheck: true }, include: ['*.ts'] }));
      try {
        execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', folder], { encoding: 'utf8' });
      } catch (error) {
        assert.fail(error.stdout);
      }
      process.env.SERVICE_TOKEN = readFileSync(on.serviceToken, 'utf8').trim();
      for (const [name, block] of files) {
        const { code } = await transform(block.replace(/http:\/\/127\.0\.0\.1:8080\/api[^']*/, on.server.issuer), { loader: 'ts' });
        writeFileSync(`${folder}/${name}.js`, code);
      }
      for (const name of files.keys()) Object.assign(page, await import(pathToFileURL(`${folder}/${name}.js`)));
    });
    after(() => {
      delete process.env.SERVICE_TOKEN;
      rmSync(folder, { recursive: true, force: true });
    });

    const listening = async (server) => {
      if (!server.listening) await once(server, 'listening');
      return { at: `http://127.0.0.1:${server.address().port}`, close: () => { server.closeAllConnections(); server.close(); } };
    };
    const frameworks = {
      Express: () => listening(page.expressApp.listen(0, '127.0.0.1')),
      Fastify: async () => ({ at: await page.fastifyApp.listen({ port: 0, host: '127.0.0.1' }), close: () => page.fastifyApp.close() }),
      Hono: () => listening(serve({ fetch: page.honoApp.fetch, port: 0, hostname: '127.0.0.1' })),
      'the Fetch standard': () => listening(serve({ fetch: (request) => page.fetchRoutes[new URL(request.url).pathname](request), port: 0, hostname: '127.0.0.1' })),
    };
    for (const [name, start] of Object.entries(frameworks)) {
      it(`guards routes of ${name}`, async () => {
        const { app, headers } = await proven();
        const { at, close } = await start();
        try {
          const { owner } = await (await fetch(`${at}/accounts`, { headers: headersOf(app) })).json();
          assert.equal(owner, app.client.user.id);
          const send = (all) => fetch(`${at}/transfers`, { method: 'POST', headers: all, body: '{"to":"bob"}' });
          assert.equal((await send(headersOf(app))).status, 403);
          const done = await send(headers);
          const { by, operation, order } = await done.json();
          assert.deepEqual([done.status, by, order], [201, owner, { to: 'bob' }]);
          assert.ok(operation);
          assert.equal((await (await send(headers)).json()).payload.reason, 'spent');
        } finally {
          await close();
        }
      });
    }

    it('does the rest that it says', async (t) => {
      const log = t.mock.method(console, 'log', () => {});
      const { app, headers } = await proven();
      const ask = (route, all) => route(new Request('https://bank.example/', { method: 'POST', headers: all }));
      const strict = await ask(page.strictRoute, headersOf(app));
      assert.equal(strict.status, 401);
      assert.match(strict.headers.get('www-authenticate'), /insufficient_user_authentication.*acr_values="urn:stepup:mfa", max_age="300"/);
      assert.equal(log.mock.calls.length, 1);
      assert.equal((await ask(page.strictRoute, headers)).status, 200);

      assert.deepEqual(await (await ask(page.oursRoute, { authorization: 'Bearer ours' })).json(), { externalIssuer: 'https://login.example', externalSubject: 'ada' });
      assert.equal((await ask(page.oursRoute, { authorization: 'Bearer theirs' })).status, 401);

      const other = await proven();
      const order = { id: '7', user: other.app.client.user.id, token: other.headers['elevated-access-token'] };
      assert.deepEqual([await page.work({ ...order, user: 'eve' }), await page.work(order), await page.work(order), await page.work({ ...order, id: '8' })], ['refused', 'transfer it', 'look how the first run ended', 'refused']);
      assert.deepEqual(await page.tryIt(), [200, 403]);

      const { at, close } = await listening(page.confirmedApp.listen(0, '127.0.0.1'));
      try {
        const third = await signedIn(on.server, on.mailbox);
        const binding = await sdk.registerBinding({ scope, authorizationDetails: [{ type: 'transfer', payee: 'bob', amount: '25' }] }, third.client);
        await sdk.sendEmailOTP({ email: third.email, bindingId: binding.bindingId, requestedScopes: [scope] }, third.client);
        await sdk.verifyOTP({ verificationToken: await on.mailbox.code(third.email), bindingId: binding.bindingId, requestedScopes: [scope] }, third.client);
        const token = sdk.getElevatedAccessToken({ scope, boundTo: binding.hash }, third.client);
        const send = (body) => fetch(`${at}/transfers`, { method: 'POST', headers: headersOf(third, token), body: JSON.stringify(body) });
        assert.equal((await send({ to: 'bob', amount: '26' })).status, 403);
        assert.equal((await send({ to: 'bob' })).status, 400);
        const done = await send({ to: 'bob', amount: '25' });
        assert.deepEqual([done.status, await done.json()], [201, { to: 'bob', amount: '25' }]);
      } finally {
        close();
      }
    });
  });
};
