import { DeniedError } from '../errors/DeniedError.js';
import { notUnderstood } from './answers.js';
import { maxTokenLength } from './jws.js';
import { fault, Members, namesOf } from './members.js';
import { isOperationId } from './operation.js';
import { present } from './present.js';
import { printable } from './printable.js';
import { isScope } from './scopes.js';

/** Asks the issuer to let one operation through. */
export interface ConsumeRequest {
  /** The elevated access token. */
  token: string;
  /** What the operation is. */
  scope: string;
  /** Names the operation: 1 to 128 of `A-Z a-z 0-9 . _ : -`, made by the guard and never taken from the client as it is. */
  operationId: string;
  /** Stands for what the operation does: 1 to 256 visible ASCII characters. The same id with another digest is refused. */
  requestDigest: string;
  /** The one you act as; else that of the token's scope. */
  audience?: string | undefined;
  /** `hashDetails` of what the operation does, for a token that is bound. */
  authorizationDetailsHash?: string | undefined;
  /** The same in full, as JSON, in place of the hash: the issuer then knows amounts, and lets small ones through with an unbound token. */
  authorizationDetails?: string | undefined;
}

/** The issuer's answer. */
export interface Consumption {
  /** Only `first` is a permission to act: `replayed` means that the same operation was let through before. */
  result: 'first' | 'replayed';
  /** jti of the token. */
  id: string;
  subject: string;
  session: string;
  environmentId: string;
  scopes: string[];
  audience: string[];
  expires: Date;
  authTime: Date;
  acr: string;
  amr: string[];
  credentialId?: string;
  authorizationDetails?: unknown[];
  authorizationDetailsHash?: string;
  displayed?: boolean;
}

/** Throws for a request that makes no sense. */
export const checkConsume = (r: ConsumeRequest): void => {
  const wrong = (message: string) => new DeniedError({ kind: 'denied', message });
  const { authorizationDetailsHash: hash = '', authorizationDetails: details = '' } = r;
  if (!r.token || !printable(r.token, maxTokenLength)) throw new DeniedError({ kind: 'invalid' });
  if (!isScope(r.scope)) throw wrong(`${JSON.stringify(r.scope.slice(0, 40))} is not a scope`);
  if (!isOperationId(r.operationId)) throw wrong('the operation id must be 1 to 128 of A-Z a-z 0-9 . _ : -');
  if (hash !== '' && (hash.length !== 64 || !printable(hash, 64))) throw wrong('the hash must be that of hashDetails');
  if (hash !== '' && details !== '') throw wrong('name authorization_details or their hash, not both');
  if (!r.requestDigest || !printable(r.requestDigest, 256)) throw wrong('the request digest must be 1 to 256 visible ASCII characters');
};

export const consumeBody = ({ token, scope, operationId, requestDigest, audience, authorizationDetailsHash, authorizationDetails }: ConsumeRequest): string => {
  const body = JSON.stringify({
    token, scope, operationId, requestDigest, audience: audience || undefined, authorizationDetailsHash: authorizationDetailsHash || undefined,
  });
  return authorizationDetails ? `${body.slice(0, -1)},"authorizationDetails":${authorizationDetails}}` : body; // with all its digits
};

const names = namesOf('result', 'jti', 'sub', 'sid', 'environment_id', 'scope', 'aud', 'exp', 'auth_time', 'acr', 'amr', 'credential_id',
  'authorization_details', 'authorization_details_hash', 'displayed');

export const readConsumption = (answer: Buffer): Consumption => {
  try {
    const r = Members.read(answer, names);
    const result = r.text('result');
    if (result !== 'first' && result !== 'replayed') fault('result', 'is not known');
    return present<Consumption>({
      result: result as Consumption['result'], id: r.text('jti'), subject: r.text('sub'), session: r.text('sid'), environmentId: r.text('environment_id'),
      scopes: words(r.text('scope')), audience: r.audience(), expires: new Date(r.seconds('exp') * 1000), authTime: new Date(r.seconds('auth_time') * 1000),
      acr: r.text('acr'), amr: r.texts('amr'), credentialId: r.optional('credential_id'), ...boundTo(r),
    });
  } catch {
    throw notUnderstood();
  }
};

export const words = (text: string): string[] => text.split(/\s+/).filter((word) => word !== '');

/** What the issuer says a token is bound to. */
export const boundTo = (r: Members) => {
  const details = r.get('authorization_details');
  return {
    authorizationDetails: details && (JSON.parse(details.raw) as unknown[]),
    authorizationDetailsHash: details && r.text('authorization_details_hash'),
    displayed: details && r.boolean('displayed'),
  };
};
