import { DeniedError } from './errors/DeniedError.js';
import type { GuardRequest } from './requests.js';

/**
 * The token of a request's one Authorization header, as the issuer reads it too: the scheme Bearer in any case, one or more spaces
 * (RFC 9110 section 11.4), and a token without any other character than those of RFC 6750 section 2.1.
 *
 * @throws DeniedError of the kind `unauthenticated` for everything else.
 * @example
 * ```ts
 * import { bearerToken, type GuardRequest } from '@stepup-auth/server';
 *
 * const caller = async (request: GuardRequest) => ({ externalIssuer: 'https://login.example', externalSubject: bearerToken(request) });
 * console.log(typeof caller);
 * ```
 */
export const bearerToken = (request: GuardRequest): string => {
  const values = request.headers('authorization');
  const [value = ''] = values;
  if (values.length !== 1) throw new DeniedError({ kind: 'unauthenticated', message: `want one Authorization header, got ${values.length}` });
  const token = /^bearer +([A-Za-z0-9\-._~+/]+=*)$/i.exec(value)?.[1];
  if (token === undefined) throw new DeniedError({ kind: 'unauthenticated', message: 'the Authorization header is not a bearer token' });
  return token;
};
