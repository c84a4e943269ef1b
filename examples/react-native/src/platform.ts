import type { ReactNativeClientOptions } from '@stepup-auth/react-native';
import type { WebViewKeys } from '@stepup-auth/react-native/prompt';

/*
 * What a phone brings along. This app is built without native modules, so that it can be checked where no phone is: its session is gone with
 * the app, there are no passkeys, and keys of wallets are not shown. README.md says what to put here.
 */
export const platform: Partial<ReactNativeClientOptions> = {};
export const keys: WebViewKeys | undefined = undefined;
export const copy: ((text: string) => void) | undefined = undefined;
export const serverUrl = 'https://auth.example.com';
