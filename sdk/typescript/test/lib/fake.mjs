// A server that misbehaves as it is told: the client sees only its fetch.
import * as sdk from '@stepup-auth/client';

export const environmentId = '11111111-2222-4333-8444-555555555555';
export const otherEnvironment = '99999999-2222-4333-8444-555555555555';
export const base = 'https://auth.example.com';
export const issuer = `${base}/api/v0/sdk/${environmentId}`;

const part = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');
export const jwt = (claims) => `${part({ alg: 'ES256' })}.${part(claims)}.c2ln`;
const seconds = (ms = 0) => Math.floor((Date.now() + ms) / 1000);

export const sessionClaims = { sub: 'u1', sid: 's1', environment_id: environmentId };
export const elevated = (scope, more = {}) => {
  const { clock = 0, life = 300, ...claims } = more;
  return jwt({ ...sessionClaims, scope, singleUse: true, iat: seconds(clock), exp: seconds(clock) + life, jti: Math.random(), ...claims });
};
export const user = (more = {}) => ({ id: 'u1', projectEnvironmentId: environmentId, sessionId: 's1', scope: 'user:basic', verifiedCredentials: [], ...more });
export const verify = (more = {}) => {
  const { clock = 0, claims = {}, ...fields } = more;
  const token = jwt({ ...sessionClaims, iat: seconds(clock), exp: seconds(clock) + 7200, n: Math.random(), ...claims });
  return { user: user(), minifiedJwt: token, jwt: token, expiresAt: seconds(clock) + 7200, ...fields };
};
export const settings = (more = {}) => ({ environmentName: 'live', general: {}, sdk: { minApiVersion: '2026_04_01' }, security: { mfa: { actions: [] }, ...more }, providers: [] });

export const answer = (body, status = 200, headers = {}) =>
  new Response(body === undefined ? null : typeof body === 'string' ? body : JSON.stringify(body), { status, headers: { 'content-type': 'application/json', ...headers } });
export const refusal = (reason, scope = 'wallet:sign') =>
  answer({ error: 'no', code: 'elevated_access_token_required', payload: { scope, reason, singleUse: true, methods: ['totp'], requestId: 'R1' }, requestId: 'R1' }, 403);

/**
 * A client of a fake server. routes: 'METHOD /path' → value, Response or function; seen: every request that came to it. `through` is
 * the way there, which may lose things.
 */
export const fakeApp = (routes = {}, { through, ...options } = {}) => {
  const seen = [];
  const all = { 'GET /settings': settings(), 'POST /emailVerifications/create': { verificationUUID: 'v', email: 'a@b.c' }, 'POST /emailVerifications/signin': () => verify(), 'POST /revoke': () => answer(undefined, 204), 'GET /users/mfa/methods': { devices: [], passkeys: [], userHasVerifiedMfaMethods: false }, ...routes };
  const serve = async (url, init) => {
    const request = { url: String(url), method: init.method, headers: init.headers, body: init.body && JSON.parse(init.body), init };
    seen.push(request);
    const route = all[`${init.method} ${request.url.replace(/^.*\/sdk\/[0-9a-f-]{36}/, '').replace(/\?.*/, '')}`] ?? all.default;
    const value = typeof route === 'function' ? await route(request) : route;
    return value instanceof Response ? value : answer(value ?? { error: 'none', code: 'not_found' }, value === undefined ? 404 : 200);
  };
  const client = sdk.createStepUpClient({
    environmentId, apiBaseUrl: base, ...options, fetch: through ? (url, init) => through(serve, url, init) : serve,
  });
  const signIn = async () => {
    await sdk.sendEmailOTP({ email: 'a@b.c' }, client);
    return sdk.verifyOTP({ verificationToken: '123456' }, client);
  };
  return { client, seen, routes: all, signIn, paths: () => seen.map((r) => `${r.method} ${r.url.replace(/^.*\/sdk\/[0-9a-f-]{36}/, '')}`) };
};

/** Storage as localStorage is one, that several clients may share. */
export const memory = () => {
  const items = new Map();
  return { items, getItem: (key) => items.get(key) ?? null, setItem: (key, value) => void items.set(key, value), removeItem: (key) => void items.delete(key) };
};
