import type { Code, Reason } from './codes.js';
import type { DeniedError } from './errors/DeniedError.js';

/** A request that was not let through, and how to say so. It teaches: a client that reads code and reason knows what to do next. */
export interface Refusal {
  /** HTTP status. */
  status: number;
  /** What went wrong. */
  code: Code;
  /** What to do, in a sentence for people. */
  message: string;
  /** What the request needs; undefined if the refusal is not about a token. */
  scope?: string;
  /** Why the token sent was not enough; undefined likewise. */
  reason?: Reason;
  /** Whether the scope asks for a single-use token, if it is known here. */
  singleUse?: boolean;
  /** Means of proof that the user could use, if they are known here; an empty list is a user without any. */
  methods?: string[];
  /** Stands in the answer's X-Request-Id and in its body. */
  requestId: string;
  /** What the client has to register at the issuer, and the user to confirm, where the request needs a token bound to it. */
  authorizationDetails?: unknown;
  /** The cause, for your log. It is never sent. */
  error: DeniedError;
}

/** An answer, whatever framework sends it. */
export interface Answer {
  status: number;
  headers: Record<string, string>;
  body: string;
}
