import { InvalidParamError } from '@stepup-auth/client';

/** What the platform's `crypto` lacks on Hermes. */
export interface CryptoAdapter {
  getRandomValues<T extends ArrayBufferView>(array: T): T;
  /** With SHA-256, for the hosted page and social logins. */
  digest(algorithm: 'SHA-256', data: Uint8Array): Promise<ArrayBuffer>;
}

/** Fills in what the platform's `crypto` does not have. What it has stays, whatever the adapter offers. */
export const installCrypto = (adapter: CryptoAdapter | undefined): void => {
  const { crypto } = globalThis as { crypto?: Partial<Crypto> };
  if (adapter) {
    const subtle = crypto?.subtle ?? { digest: (_: string, data: Uint8Array) => adapter.digest('SHA-256', data) };
    const getRandomValues = <T extends ArrayBufferView>(array: T): T => adapter.getRandomValues(array);
    const random = crypto?.getRandomValues ? {} : { getRandomValues };
    if (!crypto) Object.defineProperty(globalThis, 'crypto', { value: { ...random, subtle }, configurable: true });
    else Object.assign(crypto, random, crypto.subtle ? {} : { subtle });
  }
  if (typeof globalThis.crypto?.getRandomValues !== 'function') {
    throw new InvalidParamError('No random numbers here: give createClient a `crypto`, or import react-native-get-random-values first.');
  }
};
