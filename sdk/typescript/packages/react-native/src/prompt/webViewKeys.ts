import { WebViewKeys, type WebViewComponent } from './keys.js';

/**
 * Shows keys of wallets in a web view, by `react-native-webview`: a page of the server's makes the key pair and opens what is sealed to it,
 * and the app's JavaScript never has the key. Its `showKey` is for `createClient`, the whole for `<StepUpPrompts keys>`.
 *
 * @throws WalletRevealError, by `exportWaasPrivateKey`, where it is not drawn, the page does not answer, or it cannot open the key.
 * @example
 * ```tsx
 * import { createClient } from '@stepup-auth/react-native';
 * import { StepUpPrompts, webViewKeys } from '@stepup-auth/react-native/prompt';
 * import { WebView } from 'react-native-webview';
 *
 * const keys = webViewKeys(WebView);
 * const client = createClient({
 *   environmentId: '11111111-2222-4333-8444-555555555555',
 *   apiBaseUrl: 'https://auth.example.com',
 *   showKey: keys.showKey,
 * });
 *
 * export const Prompts = () => <StepUpPrompts client={client} keys={keys} />;
 * ```
 */
export const webViewKeys = (webView: WebViewComponent): WebViewKeys => new WebViewKeys(webView);
