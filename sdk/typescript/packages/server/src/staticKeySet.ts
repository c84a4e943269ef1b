import { onlyKey } from './internal/onlyKey.js';
import type { Key, KeySet } from './keys.js';

/**
 * A key set that never changes. Two keys under one id and for one algorithm make that id unknown.
 *
 * @example
 * ```ts
 * import { createVerifier, parseJwks, staticKeySet } from '@stepup-auth/server';
 *
 * const keys = staticKeySet(await parseJwks('{"keys":[]}'));
 * createVerifier({ issuer: 'https://auth.example.com/api/v0/sdk/11111111-2222-4333-8444-555555555555', keys });
 * ```
 */
export const staticKeySet = (keys: readonly Key[]): KeySet => ({
  keyFor: async (id, algorithm) => onlyKey(keys, id, algorithm),
});
