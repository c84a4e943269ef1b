import type { Claims, SessionClaims } from './claims.js';
import { DeniedError } from './errors/DeniedError.js';
import { hashDetails } from './hashDetails.js';
import { checkAddress, checkTransport } from './internal/address.js';
import { claimedIssuer, invalid, parseToken, refusing, signedBy } from './internal/jws.js';
import { fault, Members, namesOf } from './internal/members.js';
import { present } from './internal/present.js';
import { scopesOf } from './internal/scopes.js';
import type { KeySet } from './keys.js';
import { remoteKeySet } from './remoteKeySet.js';

export interface VerifierConfig {
  /** The base address of the environment, `https://HOST/api/v0/sdk/ENVIRONMENT`; compared as a string. */
  issuer: string;
  /**
   * Who you are: one of these must be an element of the aud of an elevated token. Else the issuer itself, which is the audience of the
   * built-in scopes; a service with scopes of its own names the audience that was declared for them.
   */
  audiences?: readonly string[] | undefined;
  /** The app origins whose sessions count; else those of every app of the environment. */
  sessionAudiences?: readonly string[] | undefined;
  /** Finds the issuer's keys; else they are fetched from `ISSUER/.well-known/jwks.json` and kept. */
  keys?: KeySet | undefined;
  /**
   * Lets keys be fetched from an issuer whose address begins with http:// and is not on this machine. Whoever is on the way can then make
   * any token good: set it only for a network that nobody else is on.
   */
  plainHttp?: boolean | undefined;
  /** The clock, in milliseconds as `Date.now` has it. */
  now?: (() => number) | undefined;
}

/**
 * Checks tokens offline: signature, kind, issuer, audience and time. It remembers no verdict. Offline is not enough for single-use tokens,
 * which must be spent at the issuer, nor to learn that a token was revoked a moment ago: a guard and a client see to that.
 */
export interface Verifier {
  readonly issuer: string;
  readonly audiences: readonly string[];
  readonly now: () => number;
  /**
   * Verifies an elevated access token. It rejects with a `DeniedError` of the kind `expired` for a token that was good once, `unavailable`
   * if the issuer's keys are out of reach, `invalid` for everything else. Whether the token allows what is asked, belongs to the caller, is
   * spent, or needs a client key is still open after this.
   */
  elevated(token: string): Promise<Claims>;
  /** Verifies a session token, with the errors of `elevated`. Whether the session was revoked since is not visible offline. */
  session(token: string): Promise<SessionClaims>;
}

const maxSingleUseLife = 300;
const maxTimeBoundLife = 600;
const maxSessionLife = 30 * 24 * 3600;

/** How far the issuer's clock may be ahead of ours, in seconds. No leeway is given at the other end. */
const maxAhead = 30;

const common = ['iss', 'aud', 'sub', 'sid', 'environment_id', 'scope', 'iat', 'exp', 'nbf', 'session_public_key', 'ext_iss', 'ext_sub'];
const elevatedNames = namesOf('singleUse', 'jti', 'auth_time', 'acr', 'amr', 'credential_id', 'cnf', 'authorization_details', 'authorization_details_hash', 'displayed', ...common);
const sessionNames = namesOf('kid', 'last_verified_credential_id', 'signin_credential_id', ...common);
const cnfNames = namesOf('jkt');
const kinds = { elevated: 'elevated+jwt', session: 'at+jwt' } as const;

/**
 * Makes a verifier of an issuer's tokens.
 *
 * @throws Error if the issuer is no https address without query (http on this machine, see `plainHttp`), or an audience is empty.
 * @example
 * ```ts
 * import { createVerifier } from '@stepup-auth/server';
 *
 * const verifier = createVerifier({
 *   issuer: 'https://auth.example.com/api/v0/sdk/11111111-2222-4333-8444-555555555555',
 *   audiences: ['https://bank.example'],
 * });
 * const { subject, scopes } = await verifier.elevated('…');
 * console.log(subject, scopes);
 * ```
 */
export const createVerifier = ({ issuer, audiences = [], sessionAudiences = [], keys, plainHttp = false, now = Date.now }: VerifierConfig): Verifier => {
  try {
    checkAddress(issuer);
    if (keys === undefined && !plainHttp) checkTransport(issuer);
  } catch (error) {
    throw new Error(`making verifier: issuer: ${(error as Error).message}`);
  }
  if (audiences.includes('') || sessionAudiences.includes('')) throw new Error('making verifier: an audience is empty');
  const ours = audiences.length > 0 ? [...audiences] : [issuer];
  const apps = [...sessionAudiences];
  const set = keys ?? remoteKeySet({ url: `${issuer}/.well-known/jwks.json`, now });

  const otherIssuer = (of: string, message = '') =>
    new DeniedError({ kind: 'invalid', note: 'other_issuer', message: `${message}it is of issuer ${JSON.stringify(of.slice(0, 200))}, this guard is for ${JSON.stringify(issuer)}` });
  const otherAudience = (named: readonly string[], wanted: readonly string[]) =>
    new DeniedError({ kind: 'invalid', note: 'other_audience', message: `it is for audience ${JSON.stringify(named.join(' ').slice(0, 200))}, this guard is for ${JSON.stringify(wanted.join(' '))}` });

  /** Verifies the signature and the kind of a token, and only then reads what it says. */
  const open = async (text: string, kind: keyof typeof kinds) => {
    const token = parseToken(text);
    if (token.type !== kinds[kind]) throw invalid(`typ is not ${kinds[kind]}`);
    let key;
    try {
      key = await set.keyFor(token.keyId, token.algorithm);
    } catch (error) {
      throw new DeniedError({ kind: 'unavailable', message: (error as Error).message, cause: error });
    }
    if (key === undefined || !(await signedBy(token, key))) {
      const message = key === undefined ? 'no key with this kid' : 'signature does not match';
      const claimed = claimedIssuer(token);
      throw claimed !== undefined && claimed !== issuer ? otherIssuer(claimed, `${message}: `) : invalid(message);
    }
    return { r: refusing(() => Members.read(token.payload, kind === 'elevated' ? elevatedNames : sessionNames)), keyId: token.keyId };
  };

  /** What all kinds have in common. */
  const read = (r: Members) => {
    const [issued, expires] = [r.seconds('iat'), r.seconds('exp')];
    return {
      says: { issued, expires, notBefore: r.has('nbf') ? r.seconds('nbf') : issued },
      claims: {
        issuer: r.text('iss'), audience: r.audience(), subject: r.text('sub'), session: r.text('sid'), environmentId: r.text('environment_id'),
        issuedAt: date(issued), expires: date(expires),
        sessionPublicKey: r.optional('session_public_key'), externalIssuer: r.optional('ext_iss'), externalSubject: r.optional('ext_sub'),
      },
    };
  };

  /** Whether the token holds here and now. Expiry comes last, so that `expired` is only said of tokens that were good once. */
  const judge = ({ claims, says }: ReturnType<typeof read>, wanted: readonly string[], life: number) => {
    const seconds = now() / 1000;
    if (claims.issuer !== issuer) throw otherIssuer(claims.issuer);
    if (wanted.length > 0 && !claims.audience.some((one) => wanted.includes(one))) throw otherAudience(claims.audience, wanted);
    if (says.issued > seconds + maxAhead || says.notBefore > seconds + maxAhead) throw invalid('iat or nbf is in the future');
    if (says.expires <= says.issued || says.expires - says.issued > life) throw invalid(`exp is not within ${life} seconds of iat`);
    if (seconds >= says.expires) throw new DeniedError({ kind: 'expired' });
  };

  return {
    issuer,
    audiences: ours,
    now,
    elevated: async (text) => {
      const { r } = await open(text, 'elevated');
      const [common, claims] = refusing(() => {
        const base = read(r);
        const authTime = r.seconds('auth_time');
        const singleUse = r.boolean('singleUse');
        const all = present<Claims>({
          ...base.claims,
          scopes: scopesOf(r.text('scope')) ?? fault('scope', 'is not a list of scopes separated by single spaces'),
          singleUse, id: r.text('jti'), authTime: date(authTime), acr: r.text('acr'), amr: r.texts('amr'), credentialId: r.optional('credential_id'),
          keyThumbprint: thumbprint(r),
          ...binding(r, singleUse),
        });
        if (authTime > now() / 1000 + maxAhead) fault('auth_time', 'is in the future');
        return [base, all] as const;
      });
      judge(common, ours, claims.singleUse ? maxSingleUseLife : maxTimeBoundLife);
      return claims;
    },
    session: async (text) => {
      const { r, keyId } = await open(text, 'session');
      const [common, claims] = refusing(() => {
        const base = read(r);
        const scopes = (r.optional('scope') ?? '').split(/\s+/).filter((word) => word !== '');
        const inner = r.optional('kid');
        if (inner !== undefined && inner !== keyId) fault('kid', 'differs from the header');
        const all = present<SessionClaims>({
          ...base.claims,
          scopes,
          lastVerifiedCredentialId: r.optional('last_verified_credential_id'), signInCredentialId: r.optional('signin_credential_id'),
          complete: !scopes.includes('requiresAdditionalAuth') && !scopes.includes('device:register'),
        });
        return [base, all] as const;
      });
      judge(common, apps, maxSessionLife);
      return claims;
    },
  };
};

const date = (seconds: number) => new Date(seconds * 1000);

/** Reads cnf. A confirmation that is not known (RFC 7800) cannot be demanded later, so the token is refused. */
const thumbprint = (r: Members): string | undefined => {
  const cnf = r.get('cnf');
  if (cnf === undefined) return undefined;
  const inner = new Members(cnf, cnfNames);
  return inner.size === 1 ? inner.text('jkt') : fault('cnf', 'is not a key thumbprint');
};

/** Reads what a token is bound to. Half a binding is none that could be enforced, so the token is refused. */
const binding = (r: Members, singleUse: boolean): Pick<Claims, 'authorizationDetails' | 'authorizationDetailsHash' | 'displayed'> => {
  const details = r.get('authorization_details');
  if (details === undefined) {
    for (const name of ['authorization_details_hash', 'displayed']) if (r.has(name)) fault(name, 'is there without authorization_details');
    return {};
  }
  const [authorizationDetailsHash, displayed] = [r.text('authorization_details_hash'), r.boolean('displayed')];
  let hash = '';
  try {
    hash = hashDetails(details.raw);
  } catch {
    fault('authorization_details', 'cannot be hashed');
  }
  if (hash !== authorizationDetailsHash) fault('authorization_details_hash', 'is not that of authorization_details');
  if (!singleUse) fault('singleUse', 'is false in a token bound to one transaction');
  return { authorizationDetails: JSON.parse(details.raw) as unknown[], authorizationDetailsHash, displayed };
};
