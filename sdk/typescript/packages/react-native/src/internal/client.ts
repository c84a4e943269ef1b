import type { StepUpClient, StepUpClientOptions, StepUpPrompt } from '@stepup-auth/client';
import type { AuthModule } from './auth.js';
import type { BrowserAdapter } from './browser.js';
import type { CryptoAdapter } from './crypto.js';
import type { MfaModule } from './mfa.js';
import type { PasskeysModule } from './passkeys.js';
import type { StepUpAuthModule } from './stepUpAuth.js';
import type { UiModule } from './ui.js';
import type { WalletsModule } from './wallets.js';

export interface ReactNativeClientOptions extends StepUpClientOptions {
  /** The system's browser, for the hosted page and social logins. */
  browser?: BrowserAdapter;
  /** What the platform's `crypto` lacks. What it has stays. */
  crypto?: CryptoAdapter;
  /** `hosted`: the server's own page asks the user, in the {@link browser}, and comes back to {@link redirectUri}. */
  ui?: 'hosted';
  /** A prompt of the app's own; by default the one that is registered with `registerStepUpPrompt`. */
  prompt?: StepUpPrompt;
  /** The app's link that the hosted page comes back to: one of the environment's `prompt.redirectUris`, letter by letter. */
  redirectUri?: string;
  /** Whether the hosted page may enrol a factor first. */
  enrol?: boolean;
}

/** A client of `@stepup-auth/client`, which all its functions and the hooks of `@stepup-auth/react` take, with the same in modules. */
export interface ReactNativeClient extends StepUpClient {
  readonly auth: AuthModule;
  readonly stepUpAuth: StepUpAuthModule;
  readonly mfa: MfaModule;
  readonly passkeys: PasskeysModule;
  readonly ui: UiModule;
  readonly wallets: WalletsModule;
}
