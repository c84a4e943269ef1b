import type { DenialKind } from './codes.js';
import { DeniedError } from './errors/DeniedError.js';

/**
 * Whether an error is a refusal, of a kind if one is named: an `invalid_session` is also an `unauthenticated`, a `service_token` also an
 * `unavailable`.
 *
 * @example
 * ```ts
 * import { createVerifier, isDenied } from '@stepup-auth/server';
 *
 * const verifier = createVerifier({ issuer: 'https://auth.example.com/api/v0/sdk/11111111-2222-4333-8444-555555555555' });
 * try {
 *   await verifier.elevated('…');
 * } catch (error) {
 *   if (isDenied(error, 'unavailable')) console.log('ask again later');
 * }
 * ```
 */
export const isDenied = (error: unknown, kind: DenialKind = 'denied'): boolean =>
  error instanceof DeniedError && (kind === 'denied' || error.kind === kind || parents[error.kind] === kind);

const parents: Partial<Record<DenialKind, DenialKind>> = { invalid_session: 'unauthenticated', service_token: 'unavailable' };
