import type { BrowserAdapter } from './internal/browser.js';

/** What is used of `react-native-inappbrowser-reborn`. */
export interface InAppBrowserModule {
  openAuth(url: string, redirectUrl: string): Promise<{ type: string; url?: string }>;
  open(url: string): Promise<{ type: string }>;
  closeAuth(): void;
  close(): void;
}

/**
 * The system's browser, by `react-native-inappbrowser-reborn`.
 *
 * @throws nothing; what the module rejects with goes on to whoever opened the page.
 * @example
 * ```ts
 * import { InAppBrowser } from 'react-native-inappbrowser-reborn';
 * import { createClient, inAppBrowser } from '@stepup-auth/react-native';
 *
 * createClient({
 *   environmentId: '11111111-2222-4333-8444-555555555555',
 *   apiBaseUrl: 'https://auth.example.com',
 *   browser: inAppBrowser(InAppBrowser),
 * });
 * ```
 */
export const inAppBrowser = (module: InAppBrowserModule): BrowserAdapter => {
  let close = (): void => undefined;
  return {
    open: async (url, redirectUri) => {
      if (redirectUri === undefined) {
        close = () => module.close();
        await module.open(url);
        return null;
      }
      close = () => module.closeAuth();
      const result = await module.openAuth(url, redirectUri);
      return result.type === 'success' ? (result.url ?? null) : null;
    },
    close: () => close(),
  };
};
