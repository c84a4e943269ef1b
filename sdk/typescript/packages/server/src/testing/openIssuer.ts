import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Claims } from '../claims.js';
import { createClient, type Client } from '../createClient.js';
import { createVerifier, type Verifier } from '../createVerifier.js';
import { DeniedError } from '../errors/DeniedError.js';
import { hashDetails } from '../hashDetails.js';
import { readStream } from '../internal/body.js';
import type { Algorithm } from '../keys.js';
import { parseJwks } from '../parseJwks.js';
import { staticKeySet } from '../staticKeySet.js';
import { mintSession, mintToken, newKey, type SessionDescription, signText, type SigningKey, type TokenDescription } from './mint.js';

const environmentId = '7c2a1c0e-5f5b-4c9c-9d5e-2f1f6a3f0b11';

/** A fake issuer on a real listener. */
export interface Issuer {
  /** Its base address, and the iss of its tokens. */
  readonly url: string;
  /** The one service token that it accepts. */
  readonly serviceToken: string;
  /** How often its keys were fetched. */
  readonly fetches: number;
  /** Its clock, in milliseconds: the real time, plus what `advance` added. Give it to the code under test as well. */
  readonly now: () => number;
  /** Moves its clock, by seconds. */
  advance(seconds: number): void;
  /** A verifier of its tokens, on its clock, for the audiences given, or the issuer itself if none is. */
  verifier(...audiences: string[]): Verifier;
  /** A client of it. */
  client(): Client;
  /** Mints an elevated access token. */
  token(description: TokenDescription): string;
  /** Mints a session token. */
  session(description?: SessionDescription): string;
  /** Makes a compact JWS of any header and payload, letter for letter as given, with the key that signs now. */
  sign(header: string, payload: string): string;
  /** Makes a new key, which signs from now on, and returns its id. Earlier keys stay published until `removeKey`. */
  rotateKey(algorithm?: Algorithm): string;
  /** Stops publishing a key, as after a rotation's grace. */
  removeKey(id: string): void;
  /** Ends a session: its elevated access tokens are refused, and introspection calls them and it inactive. Who checks offline does not notice. */
  revokeSession(session: string): void;
  /** Lets the next consume calls take effect, and breaks their connection instead of answering. */
  loseAnswers(times: number): void;
  /** Answers the next consume calls with 503, without any effect. */
  failConsume(times: number): void;
  close(): Promise<void>;
}

interface Answered {
  status: number;
  body: object;
}

/**
 * Starts an issuer for your tests: it mints elevated access tokens and sessions on demand, without users, mails or waiting, and answers at
 * the addresses a real one does: `/.well-known/jwks.json`, `/tokens/consume`, `/tokens/introspect`. What passes here passes at a real
 * issuer as far as tokens go; which proof a real issuer asks before it mints is not modelled. Close it at the end.
 *
 * @example
 * ```ts
 * import { openIssuer } from '@stepup-auth/server/testing';
 *
 * const issuer = await openIssuer();
 * const token = issuer.token({ scopes: ['transfer:create'], audience: 'https://bank.example' });
 * const session = issuer.session();
 * console.log(token !== session);
 * await issuer.close();
 * ```
 */
export const openIssuer = async (): Promise<Issuer> => {
  const serviceToken = `stp_${randomBytes(20).toString('base64url')}`;
  const keys: SigningKey[] = []; // the last one signs
  const audiences = new Set<string>();
  const operations = new Map<string, string>();
  const spent = new Set<string>();
  const revoked = new Set<string>();
  let [ahead, minted, fetches, drop, fail] = [0, 0, 0, 0, 0];

  const now = () => Date.now() + ahead;
  const published = () => JSON.stringify({ keys: keys.map(({ jwk }) => jwk) });
  const reader = async (...wanted: string[]) => createVerifier({ issuer: url, audiences: wanted, keys: staticKeySet(await parseJwks(published())), now });

  const consume = async (request: Record<string, unknown>): Promise<Answered | undefined> => {
    const { token, scope, operationId, requestDigest, audience, authorizationDetailsHash, authorizationDetails } = request as Record<string, string | undefined>;
    if (!token || !scope || !operationId || !requestDigest) return refusal(400, 'malformed_request', 'Send token, scope, operationId and requestDigest as JSON.');
    const hash = authorizationDetails ? hashDetails(JSON.stringify(authorizationDetails)) : authorizationDetailsHash;
    let claims: Claims | undefined;
    let reason: string | undefined;
    try {
      claims = await (await reader(...(audience ? [audience] : audiences))).elevated(token);
      if (revoked.has(claims.session)) reason = 'missing';
      else if (!claims.scopes.includes(scope)) reason = 'wrong_scope';
      else if (claims.authorizationDetails && hash !== claims.authorizationDetailsHash) reason = 'wrong_binding';
    } catch (error) {
      reason = (error as DeniedError).reason ?? 'missing';
    }
    // From here on nothing waits: what is decided is decided once.
    if (fail > 0) {
      fail -= 1;
      return refusal(503, 'unavailable', 'The issuer is told to fail.');
    }
    const wanted = JSON.stringify([requestDigest, scope, claims?.subject]);
    const earlier = operations.get(operationId);
    if (!reason && earlier !== undefined && earlier !== wanted) return refusal(409, 'operation_conflict', 'This operation id stands for another request.');
    if (!reason && earlier === undefined && claims?.singleUse && spent.has(claims.id)) reason = 'spent';
    if (reason || !claims) {
      return refusal(403, 'elevated_access_token_required', 'Prove again that it is you.', { scope, reason, singleUse: claims?.singleUse ?? true, methods: ['email'] });
    }
    operations.set(operationId, wanted);
    if (claims.singleUse) spent.add(claims.id);
    if (drop > 0) {
      drop -= 1;
      return undefined;
    }
    return { status: 200, body: { result: earlier === undefined ? 'first' : 'replayed', ...described(claims), credential_id: claims.credentialId } };
  };

  const introspect = async (token: string): Promise<Answered> => {
    const inactive = { status: 200, body: { active: false } };
    const verifier = await reader(...audiences);
    const claims = await verifier.elevated(token).catch(() => undefined);
    if (claims) {
      if (revoked.has(claims.session) || spent.has(claims.id)) return inactive;
      return { status: 200, body: { active: true, typ: 'elevated+jwt', ...described(claims), iss: url, iat: seconds(claims.issuedAt), singleUse: claims.singleUse } };
    }
    const session = await verifier.session(token).catch(() => undefined);
    if (!session || revoked.has(session.session)) return inactive;
    const { subject: sub, session: sid, audience: aud, scopes, issuedAt, expires } = session;
    return { status: 200, body: { active: true, typ: 'at+jwt', sub, sid, aud, iss: url, scope: scopes.join(' '), iat: seconds(issuedAt), exp: seconds(expires), environment_id: environmentId } };
  };

  const serve = async (request: IncomingMessage): Promise<Answered | undefined> => {
    const path = request.url?.replace(base, '');
    if (path === '/.well-known/jwks.json' || path === '/.well-known/jwks') {
      fetches += 1;
      return { status: 200, body: JSON.parse(published()) as object };
    }
    if (request.method !== 'POST' || (path !== '/tokens/consume' && path !== '/tokens/introspect')) return refusal(404, 'not_found', 'There is nothing here.');
    const text = await readStream(request);
    if (request.headers.authorization !== `Bearer ${serviceToken}`) {
      return refusal(401, 'invalid_service_token', "Send the issuer's serviceToken as Authorization: Bearer.");
    }
    if (path === '/tokens/consume') return consume(JSON.parse(text) as Record<string, unknown>);
    const json = /^application\/json/.test(request.headers['content-type'] ?? '');
    return introspect((json ? (JSON.parse(text) as { token?: string }).token : new URLSearchParams(text).get('token')) ?? '');
  };

  const server = createServer((request, response) => {
    serve(request).catch((error: Error) => refusal(400, 'malformed_request', error.message)).then((answer) => {
      if (answer) send(response, answer);
      else request.socket.destroy();
    }).catch(() => request.socket.destroy());
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const base = `/api/v0/sdk/${environmentId}`;
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}${base}`;
  audiences.add(url);

  const signer = (): SigningKey => {
    const key = keys.at(-1);
    if (!key) throw new Error('the issuer has no key left; use rotateKey');
    return key;
  };
  const minting = () => ({ key: signer(), issuer: url, environmentId, now: Math.floor(now() / 1000) });
  const rotateKey = (algorithm: Algorithm = 'ES256') => {
    minted += 1;
    keys.push(newKey(`key-${minted}`, algorithm));
    return signer().id;
  };
  rotateKey();

  return {
    url,
    serviceToken,
    get fetches() {
      return fetches;
    },
    now,
    advance: (by) => {
      ahead += by * 1000;
    },
    verifier: (...wanted) => createVerifier({ issuer: url, audiences: wanted, now }),
    client: () => createClient({ issuer: url, serviceToken }),
    token: (description) => {
      minted += 1;
      audiences.add(description.audience ?? url);
      return mintToken(minting(), `token-${minted}`, description);
    },
    session: (description = {}) => mintSession(minting(), description),
    sign: (header, payload) => signText(signer(), header, payload),
    rotateKey,
    removeKey: (id) => {
      const at = keys.findIndex((key) => key.id === id);
      if (at >= 0) keys.splice(at, 1);
    },
    revokeSession: (session) => void revoked.add(session),
    loseAnswers: (times) => {
      drop = times;
    },
    failConsume: (times) => {
      fail = times;
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
};

const seconds = (date: Date) => date.getTime() / 1000;

const described = (c: Claims) => ({
  jti: c.id, sub: c.subject, sid: c.session, environment_id: c.environmentId, scope: c.scopes.join(' '), aud: c.audience, exp: seconds(c.expires),
  auth_time: seconds(c.authTime), acr: c.acr, amr: c.amr, authorization_details: c.authorizationDetails, authorization_details_hash: c.authorizationDetailsHash,
  displayed: c.displayed,
});

const refusal = (status: number, code: string, error: string, payload?: object): Answered => {
  const requestId = randomUUID();
  return { status, body: { error, code, requestId, ...(payload ? { payload: { ...payload, requestId } } : {}) } };
};

const send = (response: ServerResponse, { status, body }: Answered): void => {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  response.end(JSON.stringify(body));
};
