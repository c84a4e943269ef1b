import type { ReactNativeClientOptions } from '@stepup-auth/react-native';
import type { WebViewKeys } from '@stepup-auth/react-native/prompt';

declare const STEPUP_URL: string;

/** In a browser the client finds what it needs: passkeys, and a frame of the server's for keys. */
export const platform: Partial<ReactNativeClientOptions> = { storage: localStorage };
export const keys: WebViewKeys | undefined = undefined;
export const copy: ((text: string) => void) | undefined = (text) => void navigator.clipboard.writeText(text);
export const serverUrl = STEPUP_URL;
