'use client';
import type { StepUpClient } from '@stepup-auth/client';
import { ClientContext, useProvided } from './internal/context.js';

/**
 * The client of the provider, for the functions of `@stepup-auth/client`, which take it as their last argument.
 *
 * @throws NoClientError outside of a provider.
 * @example
 * ```tsx
 * import { logout } from '@stepup-auth/client';
 * import { useStepUpClient } from '@stepup-auth/react';
 *
 * export const SignOut = () => {
 *   const client = useStepUpClient();
 *   return <button onClick={() => void logout(client)}>Sign out</button>;
 * };
 * ```
 */
export const useStepUpClient = (): StepUpClient => useProvided(ClientContext);
