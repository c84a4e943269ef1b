// What native modules are documented to export, as far as the adapters and examples of @stepup-auth/react-native use it.
declare module 'react-native-keychain' {
  export interface UserCredentials {
    username: string;
    password: string;
    service: string;
    storage: string;
  }
  export interface Options {
    service?: string;
    server?: string;
  }
  export function getGenericPassword(options?: Options): Promise<false | UserCredentials>;
  export function setGenericPassword(username: string, password: string, options?: Options): Promise<false | { service: string; storage: string }>;
  export function resetGenericPassword(options?: Options): Promise<boolean>;
}

declare module 'expo-secure-store' {
  export interface SecureStoreOptions {
    keychainService?: string;
  }
  export function getItemAsync(key: string, options?: SecureStoreOptions): Promise<string | null>;
  export function setItemAsync(key: string, value: string, options?: SecureStoreOptions): Promise<void>;
  export function deleteItemAsync(key: string, options?: SecureStoreOptions): Promise<void>;
}

declare module 'react-native-passkeys' {
  export function isSupported(): boolean;
  export function create(request: PublicKeyCredentialCreationOptionsJSON): Promise<{ id: string; rawId: string } | null>;
  export function get(request: PublicKeyCredentialRequestOptionsJSON): Promise<{ id: string; rawId: string } | null>;
}

declare module 'expo-web-browser' {
  export type WebBrowserResult = { type: 'cancel' | 'dismiss' | 'opened' | 'locked' };
  export type WebBrowserAuthSessionResult = WebBrowserResult | { type: 'success'; url: string };
  export function openAuthSessionAsync(url: string, redirectUrl?: string | null, options?: object): Promise<WebBrowserAuthSessionResult>;
  export function dismissAuthSession(): void;
}

declare module 'react-native-inappbrowser-reborn' {
  type Result = { type: 'cancel' | 'dismiss'; message?: string };
  export const InAppBrowser: {
    open(url: string, options?: object): Promise<Result>;
    openAuth(url: string, redirectUrl: string, options?: object): Promise<Result | { type: 'success'; url: string }>;
    close(): void;
    closeAuth(): void;
  };
}

declare module 'expo-crypto' {
  export enum CryptoDigestAlgorithm {
    SHA256 = 'SHA-256',
    SHA512 = 'SHA-512',
  }
  export function getRandomValues<T extends Uint8Array | Uint16Array | Uint32Array>(typedArray: T): T;
  export function digest(algorithm: CryptoDigestAlgorithm, data: BufferSource): Promise<ArrayBuffer>;
}

declare module 'react-native-quick-crypto' {
  interface Hash {
    update(data: string | Uint8Array): Hash;
    digest(): Uint8Array;
  }
  const QuickCrypto: {
    getRandomValues<T extends ArrayBufferView>(data: T): T;
    createHash(algorithm: string): Hash;
  };
  export default QuickCrypto;
}

declare module 'react-native-webview' {
  import type { ComponentType, Ref } from 'react';
  export interface WebViewProps {
    ref?: Ref<{ postMessage(message: string): void }>;
    source?: { uri: string };
    originWhitelist?: readonly string[];
    onMessage?: (event: { nativeEvent: { data: string; url: string } }) => void;
  }
  export const WebView: ComponentType<WebViewProps>;
}
