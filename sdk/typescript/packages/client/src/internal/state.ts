import { SdkUserFromJSON } from '@stepup-auth/core';
import type { OTPVerification } from '../sendEmailOTP.js';
import { claimsOf } from './claims.js';
import { memberOf, objectOf, parseJSON, textOf } from './json.js';

/** What a session is to the client. */
export interface Session {
  readonly userId: string;
  readonly sessionId: string;
  /** Goes into `Authorization`; null where the session is a cookie. */
  readonly token: string | null;
  readonly idToken: string | null;
  /** The user as the server wrote it. */
  readonly user: unknown;
  /** When the session token was got and when it ends, by the clock of this machine; 0 where only the server knows. */
  readonly since: number;
  readonly until: number;
}

/** An elevated access token that is held. */
export interface Held {
  readonly token: string;
  readonly scopes: readonly string[];
  readonly singleUse: boolean;
  /** By the clock of this machine. */
  readonly until: number;
  /** Hash of the transaction that it is bound to. */
  readonly boundTo: string | null;
}

/** A code that was sent and not typed in yet. */
export interface PendingCode {
  readonly verification: OTPVerification;
  readonly requestedScopes: readonly string[];
  /** It finishes a change of the profile. */
  readonly changes: boolean;
}

/** Everything that outlives a call. All of it belongs to one session, but for a code that signs in. */
export interface State {
  session: Session | null;
  elevated: Held[];
  mfa: { readonly token: string; readonly singleUse: boolean } | null;
  code: PendingCode | null;
  /** Authenticator apps whose enrolment began here. */
  enrolling: string[];
}

export const emptyState = (): State => ({ session: null, elevated: [], mfa: null, code: null, enrolling: [] });

/** The same without what a proof has earned. */
export const withoutTokens = (state: State): State => ({ ...state, elevated: [], mfa: null });

const version = 1;

export const writeState = (state: State): string => JSON.stringify({ version, ...state });

/** Reads a kept state. What is no state, or of another environment, is an empty one. */
export const readState = (text: string | null, environmentId: string): State => {
  if (text === null) return emptyState();
  try {
    const json = objectOf(parseJSON(text));
    if (json['version'] !== version) return emptyState();
    const { session, elevated, mfa, code, enrolling } = { ...emptyState(), ...json } as State;
    if (session && !fits(session, environmentId)) return emptyState();
    return {
      session,
      elevated: session ? listOf(elevated, (held) => isHeld(held) && belongs(held.token, session, environmentId)) : [],
      mfa: session && textOf(mfa, 'token') !== undefined ? mfa : null,
      code: isPending(code) ? code : null,
      enrolling: listOf<string>(enrolling, isText),
    };
  } catch {
    return emptyState();
  }
};

const isText = (value: unknown): value is string => typeof value === 'string';
const isTextOrNull = (value: unknown): boolean => value === null || isText(value);

/** The entries that are what they should be; one that is not costs the others nothing. */
const listOf = <T>(list: unknown, is: (entry: T) => boolean): T[] =>
  Array.isArray(list) ? (list as T[]).filter(is) : [];

const fits = (session: Session, environmentId: string): boolean => {
  const { userId, sessionId, token, idToken, user, since, until } = session;
  const known = SdkUserFromJSON(user);
  return (
    isText(userId) && isText(sessionId) && isTextOrNull(token) && isTextOrNull(idToken) && Number.isFinite(since) && Number.isFinite(until) &&
    known.projectEnvironmentId === environmentId && known.id === userId
  );
};

const isHeld = (held: Held | null): boolean =>
  isText(held?.token) && Array.isArray(held.scopes) && held.scopes.every(isText) && Number.isFinite(held.until) && isTextOrNull(held.boundTo);

const isPending = (code: PendingCode | null): boolean =>
  textOf(memberOf(code, 'verification'), 'verificationUUID') !== undefined && Array.isArray(code?.requestedScopes);

/** Whether an elevated token is of this user, session and environment. */
export const belongs = (token: string, session: Pick<Session, 'userId' | 'sessionId'>, environmentId: string): boolean => {
  const claims = claimsOf(token);
  return (
    memberOf(claims, 'sub') === session.userId &&
    memberOf(claims, 'sid') === session.sessionId &&
    memberOf(claims, 'environment_id') === environmentId
  );
};
