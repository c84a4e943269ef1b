'use client';
import { type Session, SessionContext, useProvided } from './internal/context.js';

/**
 * Whether somebody is signed in, and who. It follows what other tabs do.
 *
 * @throws NoClientError outside of a provider.
 * @example
 * ```tsx
 * import { useSession } from '@stepup-auth/react';
 *
 * export const Greeting = () => {
 *   const { status, user } = useSession();
 *   if (status === 'loading') return null;
 *   return <p>{user ? `Hello ${user.email}` : 'Please sign in'}</p>;
 * };
 * ```
 */
export const useSession = (): Session => useProvided(SessionContext);
