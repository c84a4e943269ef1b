import { generateKeyPairSync, type KeyObject, sign } from 'node:crypto';
import { hashDetails } from '../hashDetails.js';
import type { Algorithm } from '../keys.js';

/** Somebody in a session. Else `user-1` in `session-1`. */
export interface User {
  subject?: string;
  session?: string;
  /** For users of a login of your own. */
  externalIssuer?: string;
  externalSubject?: string;
}

/** Describes an elevated access token. */
export interface TokenDescription {
  scopes: string[];
  user?: User;
  /** Else the issuer, which is right for built-in scopes only. */
  audience?: string;
  /** Else it is single-use. */
  timeBound?: boolean;
  /** In seconds; else the ceiling, 300 for single-use and 600 for time-bound. */
  life?: number;
  /** Else `urn:stepup:reauth`. */
  acr?: string;
  /** Else `otp`. */
  amr?: string[];
  credentialId?: string;
  /** Binds the token to one transaction: a list of objects, each with a `type`. */
  authorizationDetails?: unknown[];
  /** Says that the user was shown it. */
  displayed?: boolean;
  /** Replace single members, for tokens that no real issuer would mint; undefined removes one. */
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
}

/** Describes a session token; else a signed-in `user-1`. */
export interface SessionDescription {
  user?: User;
  /** Its aud; else the issuer. */
  origin?: string;
  /** In seconds; else an hour. */
  life?: number;
  /** Else `user:basic`. */
  scope?: string;
  claims?: Record<string, unknown>;
  header?: Record<string, unknown>;
}

/** A key that signs. */
export interface SigningKey {
  id: string;
  algorithm: Algorithm;
  privateKey: KeyObject;
  jwk: object;
}

export const newKey = (id: string, algorithm: Algorithm): SigningKey => {
  const { privateKey, publicKey } = {
    ES256: () => generateKeyPairSync('ec', { namedCurve: 'P-256' }),
    EdDSA: () => generateKeyPairSync('ed25519'),
    RS256: () => generateKeyPairSync('rsa', { modulusLength: 2048 }),
  }[algorithm]();
  return { id, algorithm, privateKey, jwk: { ...publicKey.export({ format: 'jwk' }), kid: id, alg: algorithm, use: 'sig' } };
};

/** Makes a compact JWS of any header and payload, letter for letter as given. */
export const signText = ({ algorithm, privateKey }: SigningKey, header: string, payload: string): string => {
  const text = `${Buffer.from(header).toString('base64url')}.${Buffer.from(payload).toString('base64url')}`;
  const signature = sign(algorithm === 'EdDSA' ? null : 'sha256', Buffer.from(text), { key: privateKey, dsaEncoding: 'ieee-p1363' });
  return `${text}.${signature.toString('base64url')}`;
};

interface Minting {
  key: SigningKey;
  issuer: string;
  environmentId: string;
  /** Seconds since 1970. */
  now: number;
}

export const mintToken = (minting: Minting, id: string, token: TokenDescription): string => {
  const { scopes, user, audience = minting.issuer, timeBound = false, life = timeBound ? 600 : 300, authorizationDetails, displayed = false } = token;
  const details = authorizationDetails && JSON.stringify(authorizationDetails);
  return mint(minting, 'elevated+jwt', {
    ...common(minting, user, audience, life),
    scope: scopes.join(' '), singleUse: !timeBound, jti: id, auth_time: minting.now, acr: token.acr ?? 'urn:stepup:reauth', amr: token.amr ?? ['otp'],
    credential_id: token.credentialId ?? 'credential-1',
    ...(details === undefined ? {} : { authorization_details: authorizationDetails, authorization_details_hash: hashDetails(details), displayed }),
  }, token);
};

export const mintSession = (minting: Minting, session: SessionDescription): string =>
  mint(minting, 'at+jwt', {
    ...common(minting, session.user, session.origin ?? minting.issuer, session.life ?? 3600),
    scope: session.scope ?? 'user:basic', kid: minting.key.id, last_verified_credential_id: 'credential-1', signin_credential_id: 'credential-1',
  }, session);

const common = ({ issuer, environmentId, now }: Minting, user: User = {}, aud: string, life: number) => ({
  iss: issuer, aud, sub: user.subject ?? 'user-1', sid: user.session ?? 'session-1', environment_id: environmentId, iat: now, exp: now + life,
  ...(user.externalSubject ? { ext_iss: user.externalIssuer, ext_sub: user.externalSubject } : {}),
});

const mint = ({ key }: Minting, typ: string, claims: object, { claims: replaced, header }: { claims?: object; header?: object }): string =>
  signText(key, JSON.stringify({ alg: key.algorithm, kid: key.id, typ, ...header }), JSON.stringify({ ...claims, ...replaced }));
