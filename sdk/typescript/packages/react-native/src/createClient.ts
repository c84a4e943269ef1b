import { createStepUpClient, InvalidParamError, registerStepUpPrompt } from '@stepup-auth/client';
import { authOf } from './internal/auth.js';
import { popupOf } from './internal/browser.js';
import type { ReactNativeClient, ReactNativeClientOptions } from './internal/client.js';
import { installCrypto } from './internal/crypto.js';
import { Hosted } from './internal/hostedPrompt.js';
import { mfaOf } from './internal/mfa.js';
import { passkeysOf } from './internal/passkeys.js';
import { stepUpAuthOf } from './internal/stepUpAuth.js';
import { uiOf } from './internal/ui.js';
import { walletsOf } from './internal/wallets.js';

/**
 * Makes the client of an app. It is one of `createStepUpClient`, with its functions in modules besides: all functions of
 * `@stepup-auth/client` and the provider of `@stepup-auth/react` take it.
 *
 * @throws InvalidParamError for what `createStepUpClient` does not take, `ui: 'hosted'` without `browser` and `redirectUri`, and where
 * neither the platform nor `crypto` has random numbers.
 * @example
 * ```ts
 * import * as SecureStore from 'expo-secure-store';
 * import { createClient, secureStorage, TokenScope } from '@stepup-auth/react-native';
 *
 * const client = createClient({
 *   environmentId: '11111111-2222-4333-8444-555555555555',
 *   apiBaseUrl: 'https://auth.example.com',
 *   storage: secureStorage(SecureStore),
 * });
 *
 * export const exportKey = async (code: string): Promise<void> => {
 *   if (await client.stepUpAuth.isStepUpRequired({ scope: TokenScope.Walletexport })) {
 *     await client.stepUpAuth.verifyTotpMfa({ code, requestedScopes: [TokenScope.Walletexport] });
 *   }
 *   await client.wallets.primary?.exportWaasPrivateKey();
 * };
 * ```
 */
export const createClient = (options: ReactNativeClientOptions): ReactNativeClient => {
  const { browser, crypto, ui, prompt, redirectUri, enrol = false, ...rest } = options;
  if (ui === 'hosted' && (!browser || redirectUri === undefined)) {
    throw new InvalidParamError('The hosted page needs a `browser` and a `redirectUri`.');
  }
  installCrypto(crypto);
  const hosted = new Hosted({ browser, redirectUri, enrol });
  const client = createStepUpClient({
    ...(browser ? { navigate: hosted.navigate, openPopup: popupOf(browser) } : {}),
    ...rest,
  });
  const asks = prompt ?? (ui === 'hosted' ? hosted.prompt : undefined);
  if (asks) registerStepUpPrompt({ prompt: asks }, client);
  return Object.assign(client, {
    auth: authOf(client),
    stepUpAuth: stepUpAuthOf(client),
    mfa: mfaOf(client),
    passkeys: passkeysOf(client),
    ui: uiOf(client),
    wallets: walletsOf(client),
  });
};
