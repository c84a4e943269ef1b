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
    const state: State = { session, elevated: [], mfa: session && mfa, code, enrolling: Array.isArray(enrolling) ? enrolling : [] };
    if (session && Array.isArray(elevated)) state.elevated = elevated.filter((held) => belongs(held.token, session, environmentId));
    return state;
  } catch {
    return emptyState();
  }
};

const fits = (session: Session, environmentId: string): boolean =>
  typeof session.userId === 'string' &&
  typeof session.sessionId === 'string' &&
  textOf(session.user, 'projectEnvironmentId') === environmentId &&
  textOf(session.user, 'id') === session.userId;

/** Whether an elevated token is of this user, session and environment. */
export const belongs = (token: string, session: Pick<Session, 'userId' | 'sessionId'>, environmentId: string): boolean => {
  const claims = claimsOf(token);
  return (
    memberOf(claims, 'sub') === session.userId &&
    memberOf(claims, 'sid') === session.sessionId &&
    memberOf(claims, 'environment_id') === environmentId
  );
};
