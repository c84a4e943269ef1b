import type { Claims } from '../claims.js';
import type { Caller } from '../requests.js';

/** Whether a caller names somebody; half a pair names nobody. */
export const knows = (caller: Caller | null | undefined): boolean => {
  const { subject, session, externalIssuer, externalSubject } = caller ?? {};
  if (!subject !== !session || !externalIssuer !== !externalSubject) return false;
  return Boolean(subject) || Boolean(externalSubject);
};

/** Whether the token is the caller's: everything known about the caller stands in it too. */
export const owns = (caller: Caller, claims: Claims): boolean => {
  if (!knows(caller)) return false;
  if (caller.subject && (caller.subject !== claims.subject || caller.session !== claims.session)) return false;
  return !caller.externalSubject || (caller.externalIssuer === claims.externalIssuer && caller.externalSubject === claims.externalSubject);
};
