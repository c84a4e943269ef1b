// The outside world on loopback: a login provider (OAuth 2, in the shape of GitHub) and an external login with its keys.
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import http from 'node:http';
import { SignJWT, exportJWK, generateKeyPair } from 'jose';

export const issuer = 'https://harness.example';
export const audience = 'stepup-harness';

const random = () => randomBytes(18).toString('base64url');

export const openWorld = async () => {
  const codes = new Map();
  const tokens = new Map();
  const keys = {};
  for (const alg of ['RS256', 'ES256', 'EdDSA']) keys[alg] = await generateKeyPair(alg, { extractable: true });
  const jwks = { keys: await Promise.all(Object.entries(keys).map(async ([alg, k]) => ({ ...await exportJWK(k.publicKey), kid: alg, alg, use: 'sig' }))) };
  let person;

  const answer = (response, status, value) => {
    response.writeHead(status, { 'content-type': 'application/json' });
    response.end(JSON.stringify(value));
  };
  const routes = {
    '/jwks.json': (request, response) => answer(response, 200, jwks),
    '/oauth/authorize': ({ url }, response) => {
      const code = random();
      codes.set(code, { person, query: url.searchParams });
      const back = new URL(url.searchParams.get('redirect_uri'));
      back.searchParams.set('code', code);
      back.searchParams.set('state', url.searchParams.get('state'));
      response.writeHead(302, { location: back.href }).end();
    },
    '/oauth/token': ({ form }, response) => {
      const grant = codes.get(form.get('code'));
      codes.delete(form.get('code'));
      const challenge = createHash('sha256').update(form.get('code_verifier') ?? '').digest('base64url');
      if (!grant || grant.query.get('redirect_uri') !== form.get('redirect_uri') || grant.query.get('code_challenge') !== challenge) {
        return answer(response, 400, { error: 'invalid_grant' });
      }
      const token = random();
      tokens.set(token, grant.person);
      return answer(response, 200, { access_token: token, token_type: 'bearer' });
    },
    '/oauth/user': ({ owner }, response) => (owner
      ? answer(response, 200, { id: owner.id, login: owner.login, name: owner.login })
      : answer(response, 401, {})),
    '/oauth/user/emails': ({ owner }, response) => answer(response, 200, [{ email: owner.email, verified: true, primary: true }]),
  };
  const server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const url = new URL(request.url, 'http://localhost');
    const owner = tokens.get((request.headers.authorization ?? '').replace(/^Bearer /, ''));
    (routes[url.pathname] ?? ((_, r) => answer(r, 404, {})))({ url, owner, form: new URLSearchParams(Buffer.concat(chunks).toString()) }, response);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');

  return {
    port: server.address().port,
    origin: `http://127.0.0.1:${server.address().port}`,
    jwks,
    keys,
    /** Who logs in at the provider next. */
    logIn: (who) => { person = who; },
    somebody: () => { const id = randomBytes(4).readUInt32BE(); return { id, login: `dev${id}`, email: `dev${id}@mail.example` }; },
    /** A JWT of the external login. header and claims replace what is there; undefined removes. */
    sign: ({ alg = 'RS256', header = {}, claims = {}, key } = {}) => {
      const now = Math.floor(Date.now() / 1000);
      const all = { iss: issuer, aud: audience, sub: `ext-${random()}`, iat: now, exp: now + 240, jti: random(), ...claims };
      for (const name of Object.keys(all)) if (all[name] === undefined) delete all[name];
      const head = { alg, kid: alg, typ: 'JWT', ...header };
      for (const name of Object.keys(head)) if (head[name] === undefined) delete head[name];
      return new SignJWT(all).setProtectedHeader(head).sign(key ?? keys[alg].privateKey);
    },
    close: () => { server.closeAllConnections(); server.close(); },
  };
};
