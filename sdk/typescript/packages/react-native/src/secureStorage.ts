import type { StepUpStorage } from '@stepup-auth/client';

/** What is used of `expo-secure-store`. */
export interface SecureStore {
  getItemAsync(key: string): Promise<string | null>;
  setItemAsync(key: string, value: string): Promise<void>;
  deleteItemAsync(key: string): Promise<void>;
}

/** A value of the store has 2048 bytes at most, of which ours has one for a character: longer ones are cut up. */
const piece = 2000;

/**
 * Session and tokens in the device's keychain, by `expo-secure-store`.
 *
 * @throws nothing; a store that fails is as one that has not changed.
 * @example
 * ```ts
 * import * as SecureStore from 'expo-secure-store';
 * import { createClient, secureStorage } from '@stepup-auth/react-native';
 *
 * createClient({
 *   environmentId: '11111111-2222-4333-8444-555555555555',
 *   apiBaseUrl: 'https://auth.example.com',
 *   storage: secureStorage(SecureStore),
 * });
 * ```
 */
export const secureStorage = (module: SecureStore): StepUpStorage => {
  /** Names of the store have letters, digits, `.`, `-` and `_`. */
  const nameOf = (key: string): string =>
    Array.from(key, (c) => (/[A-Za-z0-9-]/.test(c) ? c : `_${c.codePointAt(0)!.toString(16)}_`)).join('');
  /** How a value is kept: under which of two names its pieces are, and how many they are. A torn write leaves the one before. */
  const headOf = async (name: string): Promise<{ side: number; pieces: number } | null> => {
    const [, side, pieces] = /^([01]):(\d+)$/.exec((await module.getItemAsync(name)) ?? '') ?? [];
    return side === undefined ? null : { side: Number(side), pieces: Number(pieces) };
  };
  const pieceOf = (name: string, side: number, n: number): string => `${name}.${side}.${n}`;
  const drop = async (name: string, head: { side: number; pieces: number } | null): Promise<void> => {
    for (let n = 0; head && n < head.pieces; n += 1) await module.deleteItemAsync(pieceOf(name, head.side, n));
  };
  return {
    getItem: async (key) => {
      const name = nameOf(key);
      const head = await headOf(name);
      if (!head) return null;
      const found = await Promise.all(Array.from({ length: head.pieces }, (_, n) => module.getItemAsync(pieceOf(name, head.side, n))));
      return found.includes(null) ? null : decodeURIComponent(found.join(''));
    },
    setItem: async (key, value) => {
      const name = nameOf(key);
      const before = await headOf(name);
      const side = before?.side === 0 ? 1 : 0;
      const pieces = encodeURIComponent(value).match(new RegExp(`.{1,${piece}}`, 'gs')) ?? [];
      for (const [n, part] of pieces.entries()) await module.setItemAsync(pieceOf(name, side, n), part);
      await module.setItemAsync(name, `${side}:${pieces.length}`);
      await drop(name, before);
    },
    removeItem: async (key) => {
      const name = nameOf(key);
      const before = await headOf(name);
      await module.deleteItemAsync(name);
      await drop(name, before);
    },
  };
};
