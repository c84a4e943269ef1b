import type { Code, DenialKind, Reason } from '../codes.js';
import type { DeniedError } from '../errors/DeniedError.js';
import { RefusedError } from '../errors/RefusedError.js';
import type { Refusal } from '../refusal.js';
import { present } from './present.js';

/** Decides how an error is answered; the one table of it. */
export const refusalOf = (error: DeniedError, scope: string | undefined, requestId: string): Refusal => {
  const issuer = error instanceof RefusedError ? error : undefined;
  const { reason } = error;
  const [status, code, message] = reason === undefined ? others(error, scope) : [
    403, 'elevated_access_token_required' as const,
    `This needs a fresh proof that it is you: verify with requestedScopes ["${scope}"] and send the elevated access token you get. ${adviceOn(error, reason)}`,
  ];
  return present<Refusal>({
    status, code, message, scope, reason, singleUse: issuer?.singleUse, methods: issuer?.methods, requestId,
    authorizationDetails: error.authorizationDetails === undefined ? undefined : JSON.parse(error.authorizationDetails), error,
  });
};

const others = (error: DeniedError, scope: string | undefined): [number, Code, string] => {
  if (error.note === 'bearer') return [400, 'invalid_request', 'Send the elevated access token alone in its header, without "Bearer " before it.'];
  return table[error.kind] ?? [503, 'step_up_unavailable', unavailable(error, scope)];
};

/** Says what could not be found out, and what that may have cost. */
const unavailable = ({ note }: DeniedError, scope: string | undefined): string => {
  if (scope === undefined) return 'Whether you are signed in cannot be checked right now, so the answer is no.';
  const spending = note === 'outcome' || note === 'spending';
  return `Your proof cannot be checked right now, so the answer is no. ${spending ? 'A single-use token may have been' : 'It was not'} used up by this.`;
};

const table: Partial<Record<DenialKind, [number, Code, string]>> = {
  invalid_session: [401, 'invalid_session', 'This session is over, or not valid here. Sign in again.'],
  unauthenticated: [401, 'sign_in_required', 'Sign in first: who makes this request is not known here.'],
  ambiguous: [400, 'ambiguous_elevated_access_token', 'Send one elevated access token, in one header.'],
  bad_request: [400, 'invalid_request', 'This request does not say, in a form that can be read, what is to be done: mend it. No proof helps.'],
  replayed: [409, 'operation_replayed', 'This operation was let through before and is not run again: look at its outcome.'],
  conflict: [409, 'operation_conflict', 'This operation key stands for another request: use a new one.'],
  single_use_unsupported: [403, 'single_use_unsupported',
    'This service checks tokens offline and cannot accept a single-use token: its operator must give it a service token, or make the scope time-bound.'],
};

/** Says what was wrong with the token that came, and what to do. */
const adviceOn = (error: DeniedError, reason: Reason): string => {
  if (error.note === 'unasked') return 'The token sent allows one exact transaction, and this service takes none that are bound to one: leave out the bindingId.';
  if (error.note === 'key_bound') return 'The token sent is bound to a client key, which this service cannot check: leave out the DPoP proof.';
  return advice[reason];
};

const advice: Record<Reason, string> = {
  missing: 'No token came that is valid here.',
  expired: 'The token sent has expired.',
  spent: 'The token sent was good for one use, and has been used.',
  wrong_scope: 'The token sent is for something else.',
  wrong_subject: 'The token sent belongs to another user or session.',
  wrong_binding: 'The token sent is not bound to exactly this transaction, or to a client key: register what is to be done at the issuer\'s ' +
    'stepUp/bindings where this service asks for it, and prove it is you with its bindingId.',
  superseded: 'A stronger means of proof has replaced the one behind the token sent.',
  disputed: 'Somebody said that a change to the account behind the token was not its owner: that has to be decided first, at the issuer.',
  no_method: 'There is no means of proof yet that may be used for this; add one first.',
};
