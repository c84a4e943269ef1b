import type { GuardRequest } from './requests.js';

/** Narrows what `require` lets through. */
export interface RequireOption {
  details(request: GuardRequest): unknown;
}

/**
 * Lets a request through only with a token that its user confirmed for this very transaction. The function says what the request is about,
 * as the authorization_details (RFC 9396) that the client registered at the issuer before the user proved anything: a list of objects,
 * each with a `type`, or JSON text of one. Both are compared by `hashDetails`. Take every member from the request itself, and all of them
 * that matter: what is left out is not confirmed.
 *
 * The function is called after token and scope were found good, and before the token is spent. A token that is bound to nothing or to
 * something else refuses the request as `wrong_binding` (403). An error of the function, and what it returns that cannot be compared (a
 * member that is undefined, say), refuse it as `bad_request` (400), since no other proof would help; a `DeniedError` of the kind
 * `unavailable` as 503. None of them spends the token.
 *
 * @example
 * ```ts
 * import { boundTo } from '@stepup-auth/server';
 *
 * const confirmed = boundTo(async (request) => {
 *   const { to, amount } = (await request.json()) as { to: string; amount: number };
 *   return [{ type: 'transfer', payee: to, amount: String(amount), currency: 'EUR' }];
 * });
 * console.log(typeof confirmed);
 * ```
 */
export const boundTo = (details: (request: GuardRequest) => unknown): RequireOption => ({ details });
