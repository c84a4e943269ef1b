import type { DenialKind, Reason } from '../codes.js';

/** What a guard has to know of a refusal besides its kind. */
export type DenialNote = 'unasked' | 'key_bound' | 'bearer' | 'outcome' | 'spending' | 'other_issuer' | 'other_audience';

export interface DeniedErrorParameters {
  kind: DenialKind;
  /** Says it in a sentence; never holds a token. */
  message?: string | undefined;
  note?: DenialNote | undefined;
  cause?: unknown;
  /** What the client has to register, where the request needs a token bound to it: JSON. */
  authorizationDetails?: string | undefined;
}

/**
 * A refusal: what everything here that says no rejects with, also when it merely could not be found out. Branch on {@link kind}, or ask
 * `isDenied`. Throw one of the kind `unavailable` in a function of yours that could not find something out.
 */
export class DeniedError extends Error {
  /** The name of the class, which minifying leaves as it is. */
  override readonly name: string = 'DeniedError';
  readonly kind: DenialKind;
  readonly note: DenialNote | undefined;
  readonly authorizationDetails: string | undefined;

  constructor({ kind, message, note, cause, authorizationDetails }: DeniedErrorParameters) {
    super(message === undefined ? texts[kind] : `${texts[kind]}: ${message}`, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.note = note;
    this.authorizationDetails = authorizationDetails;
  }

  /** Why the token was not enough; undefined for refusals that no proof mends. */
  get reason(): Reason | undefined {
    if (this.kind === 'invalid') return 'missing';
    return (reasons as readonly string[]).includes(this.kind) ? (this.kind as Reason) : undefined;
  }
}

const reasons: readonly Reason[] = ['missing', 'expired', 'spent', 'wrong_scope', 'wrong_subject', 'wrong_binding', 'superseded', 'disputed', 'no_method'];

const texts: Record<DenialKind, string> = {
  denied: 'denied',
  missing: 'no elevated access token',
  invalid: 'token is not valid here',
  expired: 'token has expired',
  spent: 'token has been used',
  wrong_scope: 'token is for another scope',
  wrong_subject: 'token belongs to another user or session',
  wrong_binding: 'token is bound to something else',
  superseded: 'token has been superseded',
  disputed: 'proof behind the token is disputed',
  no_method: 'user has no method that may prove this',
  unauthenticated: 'caller is not signed in',
  invalid_session: 'session is not valid here',
  ambiguous: 'more than one elevated access token',
  bad_request: 'request cannot be read',
  replayed: 'operation was let through before',
  conflict: 'operation id stands for another request',
  single_use_unsupported: 'single-use tokens cannot be checked offline',
  unavailable: 'step-up check is unavailable',
  service_token: 'service token refused',
};
