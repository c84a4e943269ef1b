import type { Answer, Refusal } from '../refusal.js';
import { isDenied } from '../isDenied.js';

/** Writes name-value pairs as one Bearer challenge (RFC 9110 section 11.6.1). */
export const challenge = (...pairs: (readonly [string, string])[]): string =>
  `Bearer ${pairs.map(([name, value]) => `${name}="${value.replaceAll(/[^ -~]/g, '').replaceAll(/["\\]/g, '\\$&')}"`).join(', ')}`;

/** A refusal as it is sent, with the challenge that goes with it. */
export const write = (refusal: Refusal, authenticate: string | undefined): Answer => {
  const { status, code, message, scope, reason, singleUse, methods, requestId, authorizationDetails, error } = refusal;
  const body = {
    error: message, code, requestId,
    ...(reason === undefined ? {} : { payload: { scope, reason, singleUse, methods, requestId, authorizationDetails } }),
  };
  const again = status === 503 && error.note !== 'outcome' && !isDenied(error, 'service_token');
  return {
    status,
    headers: {
      ...(authenticate === undefined ? {} : { 'www-authenticate': authenticate }),
      'content-type': 'application/json', 'cache-control': 'no-store', 'x-content-type-options': 'nosniff', 'x-request-id': requestId,
      ...(again ? { 'retry-after': '1' } : {}),
    },
    body: `${JSON.stringify(body)}\n`,
  };
};
