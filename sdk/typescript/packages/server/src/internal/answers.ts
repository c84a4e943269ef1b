import type { DenialKind } from '../codes.js';
import { DeniedError } from '../errors/DeniedError.js';
import { RefusedError } from '../errors/RefusedError.js';
import { Members, namesOf } from './members.js';

export interface Answer {
  status: number;
  body: Buffer;
}

const bodyNames = namesOf('error', 'code', 'requestId', 'payload');
const payloadNames = namesOf('scope', 'reason', 'singleUse', 'methods', 'requestId');
const known: readonly string[] = ['expired', 'spent', 'wrong_scope', 'wrong_subject', 'wrong_binding', 'superseded', 'disputed', 'no_method'];

/** Turns an error answer into what it says. What is not one of the refusals of the contract leaves the outcome unknown. */
export const refused = ({ status, body }: Answer): DeniedError => {
  const unknown = new DeniedError({ kind: 'unavailable', message: `issuer answered ${status}` });
  try {
    const r = Members.read(body, bodyNames);
    const code = r.optional('code') ?? '';
    const said = r.optional('error');
    const payload = r.get('payload');
    const p = payload?.kind === 'object' ? new Members(payload, payloadNames) : undefined;
    const kind = kindOf(status, code, p?.optional('reason'));
    if (kind === undefined) return unknown;
    return new RefusedError({
      kind, code,
      message: said === undefined ? undefined : `issuer says ${JSON.stringify(said)}`,
      scope: p?.optional('scope'),
      singleUse: p?.has('singleUse') ? p.boolean('singleUse') : undefined,
      methods: p?.get('methods')?.kind === 'list' ? p.texts('methods') : undefined,
      requestId: r.optional('requestId'),
    });
  } catch {
    return unknown;
  }
};

/** A token was sent, so "missing" means that it is not valid; reasons yet unknown are refusals too. */
const kindOf = (status: number, code: string, reason: string | undefined): DenialKind | undefined => {
  if (status === 403 && code === 'elevated_access_token_required') return reason !== undefined && known.includes(reason) ? (reason as DenialKind) : 'invalid';
  if (status === 409 && code === 'operation_conflict') return 'conflict';
  if (status === 401 || (status === 403 && ['insufficient_service_scope', 'invalid_service_token'].includes(code))) return 'service_token';
  return undefined;
};

/** The refusal of an answer that cannot be read. */
export const notUnderstood = () => new DeniedError({ kind: 'unavailable', message: "issuer's answer is not understood" });
