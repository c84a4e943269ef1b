import type { CryptoAdapter } from './internal/crypto.js';

/** What is used of `react-native-quick-crypto`. */
export interface QuickCrypto {
  getRandomValues(array: Uint8Array): unknown;
  createHash(algorithm: string): { update(data: Uint8Array): { digest(): Uint8Array } };
}

/**
 * Random numbers and SHA-256, by `react-native-quick-crypto`.
 *
 * @throws nothing; what the module rejects with goes on.
 * @example
 * ```ts
 * import QuickCrypto from 'react-native-quick-crypto';
 * import { createClient, quickCrypto } from '@stepup-auth/react-native';
 *
 * createClient({
 *   environmentId: '11111111-2222-4333-8444-555555555555',
 *   apiBaseUrl: 'https://auth.example.com',
 *   crypto: quickCrypto(QuickCrypto),
 * });
 * ```
 */
export const quickCrypto = (module: QuickCrypto): CryptoAdapter => ({
  getRandomValues: (array) => {
    module.getRandomValues(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    return array;
  },
  digest: async (_, data) => new Uint8Array(module.createHash('sha256').update(data).digest()).buffer,
});
