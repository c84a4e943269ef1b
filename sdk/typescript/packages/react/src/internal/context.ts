'use client';
import { NoClientError, type SdkUser, type StepUpClient } from '@stepup-auth/client';
import { type Context, createContext, useContext } from 'react';

/** What is known of the session. It has a context of its own, so that who only calls is not drawn anew when the user changes. */
export interface Session {
  /**
   * `loading` until it is known whether somebody is signed in; on a server always. `failed`: the server could not be asked, `error`
   * says why; the next call tries again.
   */
  readonly status: 'loading' | 'signedIn' | 'signedOut' | 'failed';
  /** The same object until something about the user changes. */
  readonly user: SdkUser | null;
  readonly error: unknown;
}

export const ClientContext = createContext<StepUpClient | null>(null);
export const SessionContext = createContext<Session | null>(null);

/** What a context holds, below the provider. */
export const useProvided = <T>(context: Context<T | null>): T => {
  const value = useContext(context);
  if (value === null) throw new NoClientError('This hook needs a <StepUpProvider client={…}> around the component that uses it.');
  return value;
};
