import type { BrowserAdapter } from './internal/browser.js';

/** What is used of `expo-web-browser`. */
export interface ExpoWebBrowser {
  openAuthSessionAsync(url: string, redirectUrl?: string | null): Promise<{ type: string; url?: string }>;
  dismissAuthSession(): void;
}

/**
 * The system's browser, by `expo-web-browser`.
 *
 * @throws nothing; what the module rejects with goes on to whoever opened the page.
 * @example
 * ```ts
 * import * as WebBrowser from 'expo-web-browser';
 * import { createClient, expoBrowser } from '@stepup-auth/react-native';
 *
 * createClient({
 *   environmentId: '11111111-2222-4333-8444-555555555555',
 *   apiBaseUrl: 'https://auth.example.com',
 *   ui: 'hosted',
 *   browser: expoBrowser(WebBrowser),
 *   redirectUri: 'https://app.example.com/back',
 * });
 * ```
 */
export const expoBrowser = (module: ExpoWebBrowser): BrowserAdapter => ({
  open: async (url, redirectUri) => {
    const result = await module.openAuthSessionAsync(url, redirectUri);
    return result.type === 'success' ? (result.url ?? null) : null;
  },
  close: () => module.dismissAuthSession(),
});
