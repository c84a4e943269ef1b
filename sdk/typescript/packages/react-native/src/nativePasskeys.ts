import { type AuthenticationJSON, type PasskeyAdapter, PasskeyCancelledError, type RegistrationJSON } from '@stepup-auth/client';

/** What is used of `react-native-passkeys`, or of the `Passkey` of `react-native-passkey`. */
export interface NativePasskeys {
  isSupported(): boolean;
  create(options: never): Promise<unknown>;
  get(options: never): Promise<unknown>;
}

/**
 * Passkeys of the device, by `react-native-passkeys` or `react-native-passkey`.
 *
 * @throws PasskeyCancelledError, by the functions that use it, when the user closes the system's sheet.
 * @example
 * ```ts
 * import * as passkeys from 'react-native-passkeys';
 * import { createClient, nativePasskeys } from '@stepup-auth/react-native';
 *
 * createClient({
 *   environmentId: '11111111-2222-4333-8444-555555555555',
 *   apiBaseUrl: 'https://auth.example.com',
 *   passkey: nativePasskeys(passkeys),
 * });
 * ```
 */
export const nativePasskeys = (module: NativePasskeys): PasskeyAdapter => {
  const made = async <T extends object>(sheet: Promise<unknown>): Promise<T> => {
    const answer = await sheet.catch((error: unknown) => {
      throw isCancelled(error) ? new PasskeyCancelledError(undefined, error) : error;
    });
    if (!answer) throw new PasskeyCancelledError();
    return { type: 'public-key', ...answer } as T;
  };
  return {
    isSupported: () => module.isSupported(),
    register: ({ optionsJSON }) => made<RegistrationJSON>(module.create(optionsJSON as never)),
    authenticate: ({ optionsJSON }) => made<AuthenticationJSON>(module.get(optionsJSON as never)),
  };
};

/** The modules say it in a name, a code or an `error`, such as `UserCancelled`. */
const isCancelled = (error: unknown): boolean => {
  const { name, code, error: kind } = (error ?? {}) as Record<string, unknown>;
  return [name, code, kind].some((text) => /cancel|NotAllowed/i.test(String(text ?? '')));
};
