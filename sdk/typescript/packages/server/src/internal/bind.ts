import type { Claims } from '../claims.js';
import { DeniedError } from '../errors/DeniedError.js';
import { hashDetails } from '../hashDetails.js';
import { isDenied } from '../isDenied.js';
import type { RequireOption } from '../boundTo.js';
import type { GuardRequest } from '../requests.js';

/** Compares the token with the transaction, and returns the hash of it; undefined where neither is bound. */
export const bind = async (option: RequireOption | undefined, request: GuardRequest, claims: Claims): Promise<string | undefined> => {
  if (option === undefined) {
    if (claims.authorizationDetails === undefined) return undefined;
    throw new DeniedError({ kind: 'wrong_binding', note: 'unasked', message: 'it allows one exact transaction, and this guard names none (boundTo)' });
  }
  const details = await requested(option, request);
  let hash;
  try {
    hash = hashDetails(details);
  } catch (error) {
    throw bad(error);
  }
  if (hash === claims.authorizationDetailsHash) return hash;
  const message = claims.authorizationDetails === undefined ? 'it is bound to no transaction' : 'it allows another transaction';
  throw new DeniedError({ kind: 'wrong_binding', message, authorizationDetails: details });
};

/** Asks what the request is about: JSON. */
const requested = async ({ details }: RequireOption, request: GuardRequest): Promise<string> => {
  let value;
  try {
    value = await details(request);
  } catch (error) {
    throw isDenied(error, 'unavailable') ? error : bad(error);
  }
  if (typeof value === 'string') return value;
  try {
    return JSON.stringify(value, certain) ?? never();
  } catch (error) {
    throw bad(error);
  }
};

const bad = (error: unknown) => new DeniedError({ kind: 'bad_request', message: error instanceof Error ? error.message : String(error) });

const never = (): never => {
  throw new TypeError('the details are undefined');
};

/** What JSON would leave out, or write as null, without a word. */
const certain = (name: string, value: unknown): unknown => {
  if (value === undefined || typeof value === 'function' || typeof value === 'symbol' || (typeof value === 'number' && !Number.isFinite(value))) {
    throw new TypeError(`the detail ${JSON.stringify(name)} is not there, or is no JSON`);
  }
  return value;
};
