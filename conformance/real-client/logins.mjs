// Logins elsewhere: the published client through a login provider and an external login, and npm's jose as a second opinion on
// every JWT the server takes or refuses.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import * as sdk from '@dynamic-labs-sdk/client';
import { createLocalJWKSet, generateKeyPair, jwtVerify } from 'jose';
import { appOrigin, claimsOf, openApp, signedIn } from './lib/app.mjs';
import { openMailbox } from './lib/mailbox.mjs';
import { startServer } from './lib/server.mjs';
import { audience, issuer, openWorld } from './lib/world.mjs';

const refusal = async (promise) => {
  const error = await promise.then((value) => assert.fail(`was not refused: ${JSON.stringify(value)}`), (e) => e);
  if (error instanceof assert.AssertionError) throw error;
  return typeof error.status === 'number' ? error : error.cause ?? error;
};

describe('logins elsewhere', () => {
  let mailbox;
  let server;
  let world;
  before(async () => {
    [mailbox, world] = [await openMailbox(), await openWorld()];
    server = await startServer({ smtpPort: mailbox.port, sinkPort: world.port });
  });
  after(async () => {
    world?.close();
    await mailbox?.close();
    if (server) assert.equal(await server.stop(), 0, `how the server ended:\n${server.log()}`);
  });

  /** Goes to the provider and back as a browser would, and answers where the app is then. */
  const travel = async (app, person) => {
    world.logIn(person);
    await sdk.signInWithSocialRedirect({ provider: 'github', redirectUrl: `${appOrigin}/after` }, app.client);
    let url = app.navigations.at(-1);
    while (!url.startsWith(appOrigin)) {
      const response = await fetch(url, { redirect: 'manual' });
      const to = response.headers.get('location');
      assert.ok(to, `${url} answered ${response.status}: ${await response.text()}`);
      url = new URL(to, url).href;
    }
    return new URL(url);
  };
  const socially = async (app, person, requestedScopes) => sdk.completeSocialRedirect({ url: await travel(app, person), requestedScopes }, app.client);

  it('offers the provider, at an address of the server itself', async () => {
    const { client } = await openApp(server, mailbox);
    const entry = client.projectSettings.providers.find((p) => p.provider === 'github');
    assert.ok(entry.baseAuthUrl.startsWith(server.issuer) && entry.redirectUrl.startsWith(server.issuer) && entry.clientId, JSON.stringify(entry));
    assert.equal(JSON.stringify(client.projectSettings).includes('not-a-secret'), false);
  });

  it('signs in the same person the next time, and nobody by an address', async () => {
    const person = world.somebody();
    const owner = await signedIn(server, mailbox);
    const first = await openApp(server, mailbox);
    await socially(first, { ...person, email: owner.email });
    assert.notEqual(first.client.user.id, owner.client.user.id);
    const [social] = sdk.getUserSocialAccounts(first.client);
    assert.equal(String(social.accountId), String(person.id));
    const second = await openApp(server, mailbox);
    await socially(second, person);
    assert.equal(second.client.user.id, first.client.user.id);
  });

  it('steps up as what it is, a word without proof that it is fresh', async () => {
    const app = await openApp(server, mailbox);
    const person = world.somebody();
    await socially(app, person);
    await socially(app, person, ['wallet:export']);
    const token = sdk.getElevatedAccessToken({ scope: 'wallet:export', consume: false }, app.client);
    assert.equal(claimsOf(token).acr, 'urn:stepup:federated');
    assert.deepEqual(claimsOf(token).amr, ['fed']);
    assert.equal((await refusal(socially(app, world.somebody(), ['wallet:export']))).code, 'mfa_invalid_request');
  });

  it('links with a proof only, and unlinks', async () => {
    const app = await signedIn(server, mailbox);
    assert.equal((await refusal(socially(app, world.somebody()))).status, 403);
    await app.stepUp(app.email, 'credential:link');
    await socially(app, world.somebody());
    const [social] = sdk.getUserSocialAccounts(app.client);
    await app.stepUp(app.email, 'credential:unlink');
    await sdk.unlinkSocialAccount({ verifiedCredentialId: social.verifiedCredentialId }, app.client);
    assert.equal(sdk.getUserSocialAccounts(app.client).length, 0);
  });

  it('wants the verifier of the browser that began', async () => {
    const app = await openApp(server, mailbox);
    const url = await travel(app, world.somebody());
    const [code, state] = ['dynamicOauthCode', 'dynamicOauthState'].map((name) => url.searchParams.get(name));
    const response = await server.call('POST', '/providers/github/signIn', { body: { code, state } });
    assert.deepEqual([response.status, response.body.code], [422, 'other_verify_failure']);
  });

  it('takes an assertion once, and marks the tokens with whom the other login knows', async () => {
    const { client } = await openApp(server, mailbox);
    const sub = 'ext-ada';
    await sdk.signInWithExternalJwt({ externalJwt: await world.sign({ claims: { sub } }) }, client);
    assert.deepEqual([claimsOf(client.token).ext_iss, claimsOf(client.token).ext_sub], [issuer, sub]);
    const externalJwt = await world.sign({ alg: 'ES256', claims: { sub, scope: 'wallet:export' } });
    await sdk.requestExternalAuthElevatedToken({ externalJwt }, client);
    const token = claimsOf(sdk.getElevatedAccessToken({ scope: 'wallet:export', consume: false }, client));
    assert.deepEqual([token.ext_iss, token.ext_sub, token.acr], [issuer, sub, 'urn:stepup:federated']);
    assert.equal((await refusal(sdk.requestExternalAuthElevatedToken({ externalJwt }, client))).code, 'invalid_external_auth');
  });

  describe('and jose', () => {
    const now = () => Math.floor(Date.now() / 1000);
    const tamper = (token, at) => token.split('.').map((part, i) => (i === at ? part.slice(0, 10) + (part[10] === 'A' ? 'B' : 'A') + part.slice(11) : part)).join('.');
    const head = (token, header) => [Buffer.from(JSON.stringify(header)).toString('base64url'), ...token.split('.').slice(1)].join('.');
    /** stricter: why the server refuses what jose takes. */
    const cases = {
      'RS256': { make: () => world.sign() },
      'ES256': { make: () => world.sign({ alg: 'ES256' }) },
      'EdDSA': { make: () => world.sign({ alg: 'EdDSA' }) },
      'aud among others': { make: () => world.sign({ claims: { aud: ['another', audience] } }) },
      'no iat': { make: () => world.sign({ claims: { iat: undefined } }) },
      'another iss': { make: () => world.sign({ claims: { iss: 'https://evil.example' } }) },
      'no iss': { make: () => world.sign({ claims: { iss: undefined } }) },
      'another aud': { make: () => world.sign({ claims: { aud: 'another' } }) },
      'no aud': { make: () => world.sign({ claims: { aud: undefined } }) },
      'no sub': { make: () => world.sign({ claims: { sub: undefined } }) },
      'expired': { make: () => world.sign({ claims: { exp: now() - 5 } }) },
      'no exp': { make: () => world.sign({ claims: { exp: undefined } }) },
      'exp as text': { make: () => world.sign({ claims: { exp: String(now() + 60) } }) },
      'nbf in the future': { make: () => world.sign({ claims: { nbf: now() + 3600 } }) },
      'unknown kid': { make: () => world.sign({ header: { kid: 'nobody' } }) },
      'key of another': { make: async () => world.sign({ key: (await generateKeyPair('RS256')).privateKey }) },
      'kid of another algorithm': { make: () => world.sign({ header: { kid: 'ES256' } }) },
      'payload changed': { make: async () => tamper(await world.sign(), 1) },
      'signature changed': { make: async () => tamper(await world.sign(), 2) },
      'no signature': { make: async () => `${(await world.sign()).split('.').slice(0, 2).join('.')}.` },
      'alg none': { make: async () => head(await world.sign(), { alg: 'none', kid: 'RS256' }) },
      'alg HS256': { make: async () => head(await world.sign(), { alg: 'HS256', kid: 'RS256' }) },
      'alg RS512': { make: async () => head(await world.sign(), { alg: 'RS512', kid: 'RS256' }) },
      'unknown crit': { make: async () => head(await world.sign(), { alg: 'RS256', kid: 'RS256', crit: ['x'], x: 1 }) },
      'no kid': { make: () => world.sign({ header: { kid: undefined } }), stricter: 'a key is named, never guessed' },
      'iat in the future': { make: () => world.sign({ claims: { iat: now() + 3600 } }), stricter: 'a token from the future is refused at sign-in too' },
      'too long': { make: () => world.sign({ claims: { more: 'a'.repeat(9000) } }), stricter: '8 KiB are enough' },
    };
    for (const [name, { make, stricter }] of Object.entries(cases)) {
      it(`agree on ${name}${stricter ? ', but for a reason' : ''}`, async () => {
        const token = await make();
        const theirs = await jwtVerify(token, createLocalJWKSet(world.jwks), { issuer, audience, algorithms: ['RS256', 'ES256', 'EdDSA'], requiredClaims: ['exp', 'sub'] })
          .then(() => true, () => false);
        const response = await server.call('POST', '/externalAuth/signin', { body: { jwt: token } });
        assert.ok(response.status === 200 || (response.status === 422 && response.body.code === 'invalid_external_auth'), JSON.stringify(response.body));
        assert.deepEqual({ server: response.status === 200, jose: theirs }, stricter ? { server: false, jose: true } : { server: theirs, jose: theirs });
      });
    }
  });
});
