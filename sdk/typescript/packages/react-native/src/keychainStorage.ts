import type { StepUpStorage } from '@stepup-auth/client';

/** What is used of `react-native-keychain`. */
export interface Keychain {
  getGenericPassword(options: { service: string }): Promise<false | { password: string }>;
  setGenericPassword(username: string, password: string, options: { service: string }): Promise<unknown>;
  resetGenericPassword(options: { service: string }): Promise<unknown>;
}

/**
 * Session and tokens in the device's keychain, by `react-native-keychain`.
 *
 * @throws nothing; a keychain that fails is as one that has not changed.
 * @example
 * ```ts
 * import * as Keychain from 'react-native-keychain';
 * import { createClient, keychainStorage } from '@stepup-auth/react-native';
 *
 * createClient({
 *   environmentId: '11111111-2222-4333-8444-555555555555',
 *   apiBaseUrl: 'https://auth.example.com',
 *   storage: keychainStorage(Keychain),
 * });
 * ```
 */
export const keychainStorage = (module: Keychain): StepUpStorage => ({
  getItem: async (key) => {
    const found = await module.getGenericPassword({ service: key });
    return found ? found.password : null;
  },
  setItem: async (key, value) => {
    if ((await module.setGenericPassword('stepup', value, { service: key })) === false) throw new Error('The keychain did not keep it.');
  },
  removeItem: async (key) => {
    await module.resetGenericPassword({ service: key });
  },
});
