/*
 * Between <stepup-prompt> and whoever gives it a server. The element knows no routes: it draws a PromptView and calls PromptEndpoints.
 * One implementation stands on the functions of the client (clientEndpoints), one on the routes of the hosted page.
 *
 * The element
 *   attributes   mode="modal" (default: a dialog over the page) or "inline" (in the flow of the page, as the hosted page has it)
 *                theme="auto" (default), "light" or "dark"
 *                lang (default: that of the document, else of the browser), dir (default: that of the document)
 *   properties   endpoints: PromptEndpoints; texts: Partial<PromptTexts> in place of the words of the language
 *   method       ask({signal}?) → Promise<PromptDone>: reads the view, opens, and resolves with what the verifying call answered.
 *                Rejects with PromptClosedError: code `step_up_cancelled` when the user closes it or the signal is aborted,
 *                `step_up_unavailable` with a reason (`no_method`, `disputed`, `cooling_down`, `check_failed`) when there was nothing
 *                that the user could have done.
 *   events       stepup-verified {detail: PromptDone} and stepup-cancelled {detail: {reason, done?: PromptDone}}: for pages that do
 *                not await ask(). They bubble and are composed.
 *
 * Rules for implementations
 * - Refusals are errors with the server's `code` and, where it says how long to wait, `retryAfterSeconds` (PromptFailure). What could
 *   not be reached has the code `network_error`.
 * - `passkey.verify`, `social` and `enrol.passkey.create` are called in the handler of the user's tap: whatever opens a window or a
 *   passkey prompt does so before the first await on the network. `prepare` is called earlier, when the button is drawn.
 * - Every call may come again after it was rejected. None is made after cancel.
 */

/** What a proof is for: what the prompt was opened for, or the enrolment of a factor in it, which needs `credential:link` first. */
export type PromptPurpose = 'prompt' | 'enrolment';

/** One thing to prove it with; as `stepUp/check` lists it. */
export interface PromptCredential {
  readonly id: string;
  /** `email`, `phoneNumber`, `blockchain`, `oauth`, `totp`, `passkey`; what is not known is not offered. */
  readonly format: string;
  /** `totp`, `passkey`, or the provider of a social login. */
  readonly type?: string;
  /** What to call it. */
  readonly alias?: string;
  /** It shows the person what they confirm. Only such are offered where {@link PromptBinding.mustDisplay} holds. */
  readonly displayed?: boolean;
  /** How many digits its codes have, which are then verified as soon as they are complete; missing: six to eight. */
  readonly digits?: number;
  /** Of a wallet: the address that must sign, and its chain, `EVM` or `SOL`. */
  readonly address?: string;
  readonly chain?: string;
}

export interface PromptScope {
  readonly scope: string;
  /** What it allows in the operator's words, as they follow "to": `send money`. Known scopes have words of their own in each language. */
  readonly words?: string;
}

/** The one transaction that is confirmed. */
export interface PromptBinding {
  /** All of it, in the server's words; a line for each thing. */
  readonly summary: string;
  readonly hash?: string;
  /** Only what shows it counts. */
  readonly mustDisplay?: boolean;
}

/** What can be enrolled. */
export type PromptFactor = 'totp' | 'passkey';

export interface PromptView {
  readonly app?: { readonly name: string };
  /** Who is asked: an address, a number, a name. */
  readonly account?: string;
  /** None for a token of action-based MFA, which is for no scope. */
  readonly scopes: readonly PromptScope[];
  readonly binding?: PromptBinding;
  readonly credentials: readonly PromptCredential[];
  /** Offered first. */
  readonly defaultCredentialId?: string;
  /** Whether a recovery code would do. */
  readonly recoveryCodes?: boolean;
  /** What may be enrolled here; empty or missing: nothing. */
  readonly enrol?: readonly PromptFactor[];
  /** Where the prompt was asked for, if that may be another place than where it is shown. */
  readonly asked?: { readonly address?: string; readonly userAgent?: string };
  /** When the prompt ends, RFC 3339. */
  readonly expiresAt?: string;
  /** Whether passkeys work on this page, and if not why. Missing: they do. */
  readonly passkeys?: { readonly usable: boolean; readonly why?: string };
  /** As `stepUp/check` says it: `disputed` and `cooling_down` mean that nothing can be done now. */
  readonly reason?: string;
  /** With `cooling_down`: how long nothing would do. */
  readonly coolDownSeconds?: number;
}

/** A code that was sent. */
export interface PromptSent {
  /** When it ends, RFC 3339; missing: in ten minutes. */
  readonly expiresAt?: string;
  /** How long another one is not to be asked for; missing: 30. */
  readonly resendAfterSeconds?: number;
}

/** What a verifying call answers. */
export interface PromptDone {
  /** Of the hosted page: where to go. */
  readonly location?: string;
}

/** What a call rejects with. */
export interface PromptFailure {
  readonly code: string;
  readonly message?: string;
  readonly retryAfterSeconds?: number | undefined;
  /** With `prompt_over`: `expired`, `cancelled`, `ended` or `finished`. With a gate's refusal: `disputed` for one. */
  readonly payload?: { readonly reason?: unknown } | undefined;
}

/** A wallet that the page has found, for {@link PromptEndpoints.wallet} to have the server's text signed. */
export interface PromptWallet {
  readonly address: string;
  readonly chain: string;
  /** Where it is on, such as `1`. */
  readonly network?: string;
  readonly walletName?: string;
  signMessage(request: { message: string }): Promise<string>;
}

/** An authenticator app that is being enrolled. */
export interface PromptTotp {
  readonly id?: string;
  /** In Base32, to be typed in. */
  readonly secret: string;
  /** `otpauth://…`, for the QR code. */
  readonly uri: string;
}

interface Proof {
  readonly credentialId: string;
  readonly purpose: PromptPurpose;
}

export interface PromptEndpoints {
  /** What there is to show. Called at first, and again whenever it may have changed. */
  read(): Promise<PromptView>;
  /** Sends a code to an address or number. */
  sendCode(what: Proof): Promise<PromptSent>;
  /** Verifies a code that was sent, or one of an authenticator app. The code has digits alone. */
  verifyCode(what: Proof & { readonly code: string }): Promise<PromptDone>;
  readonly passkey: {
    /** Fetches what the next verify needs. */
    prepare(what: Proof): Promise<void>;
    verify(what: Proof): Promise<PromptDone>;
  };
  /** Has the wallet sign the server's text, and verifies that. */
  wallet(what: Proof & { readonly wallet: PromptWallet }): Promise<PromptDone>;
  /** Logs in at the provider, in a window of its own or by going there. */
  social(what: Proof): Promise<PromptDone>;
  /** Verifies a recovery code, as it was typed. */
  recovery(what: { readonly code: string; readonly purpose: PromptPurpose }): Promise<PromptDone>;
  /** Missing where nothing is enrolled. */
  readonly enrol?: {
    /** What must be proven before a factor is enrolled; null: nothing more. */
    read(): Promise<PromptView | null>;
    readonly totp: {
      begin(): Promise<PromptTotp>;
      confirm(what: { readonly code: string }): Promise<void>;
    };
    readonly passkey: {
      /** Fetches what the next create needs. */
      prepare(): Promise<void>;
      create(): Promise<void>;
    };
    /** Recovery codes to keep, after the first factor; missing or empty: there are none to show. */
    recoveryCodes?(): Promise<readonly string[]>;
    /** The user has kept them. */
    acknowledge?(): Promise<void>;
  };
  /** The user does not want to. */
  cancel(): Promise<PromptDone>;
}
