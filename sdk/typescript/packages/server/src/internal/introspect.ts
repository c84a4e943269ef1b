import { notUnderstood } from './answers.js';
import { boundTo, words } from './consume.js';
import { Members, namesOf } from './members.js';
import { present } from './present.js';

/** What the issuer knows about a token this very moment (RFC 7662 section 2.2). */
export type Introspection =
  /** Spent, revoked, expired and foreign tokens alike. */
  | { active: false }
  | {
      active: true;
      type: string;
      issuer: string;
      audience: string[];
      subject: string;
      session: string;
      environmentId?: string;
      scopes: string[];
      singleUse?: boolean;
      id?: string;
      clientId?: string;
      issuedAt: Date;
      expires: Date;
      authTime?: Date;
      acr?: string;
      amr: string[];
      authorizationDetails?: unknown[];
      authorizationDetailsHash?: string;
      displayed?: boolean;
    };

const names = namesOf('active', 'typ', 'iss', 'aud', 'sub', 'sid', 'environment_id', 'scope', 'singleUse', 'jti', 'client_id', 'iat', 'exp',
  'auth_time', 'acr', 'amr', 'authorization_details', 'authorization_details_hash', 'displayed');

export const readIntrospection = (answer: Buffer): Introspection => {
  try {
    const r = Members.read(answer, names);
    if (!r.boolean('active')) return { active: false };
    const date = (name: string) => new Date(r.seconds(name) * 1000);
    return present<Extract<Introspection, { active: true }>>({
      active: true, type: r.text('typ'), issuer: r.text('iss'), audience: r.audience(), subject: r.text('sub'), session: r.text('sid'),
      environmentId: r.optional('environment_id'), scopes: words(r.optional('scope') ?? ''), singleUse: r.has('singleUse') ? r.boolean('singleUse') : undefined,
      id: r.optional('jti'), clientId: r.optional('client_id'), issuedAt: date('iat'), expires: date('exp'), authTime: r.has('auth_time') ? date('auth_time') : undefined,
      acr: r.optional('acr'), amr: r.texts('amr'), ...boundTo(r),
    });
  } catch {
    throw notUnderstood();
  }
};
