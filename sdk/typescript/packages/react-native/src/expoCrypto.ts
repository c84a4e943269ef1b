import type { CryptoAdapter } from './internal/crypto.js';

/** What is used of `expo-crypto`. */
export interface ExpoCrypto {
  getRandomValues(array: Uint8Array): Uint8Array;
  digest(algorithm: never, data: Uint8Array<ArrayBuffer>): Promise<ArrayBuffer>;
}

/**
 * Random numbers and SHA-256, by `expo-crypto`.
 *
 * @throws nothing; what the module rejects with goes on.
 * @example
 * ```ts
 * import * as Crypto from 'expo-crypto';
 * import { createClient, expoCrypto } from '@stepup-auth/react-native';
 *
 * createClient({
 *   environmentId: '11111111-2222-4333-8444-555555555555',
 *   apiBaseUrl: 'https://auth.example.com',
 *   crypto: expoCrypto(Crypto),
 * });
 * ```
 */
export const expoCrypto = (module: ExpoCrypto): CryptoAdapter => ({
  getRandomValues: (array) => {
    module.getRandomValues(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    return array;
  },
  digest: (algorithm, data) => module.digest(algorithm as never, new Uint8Array(data)),
});
