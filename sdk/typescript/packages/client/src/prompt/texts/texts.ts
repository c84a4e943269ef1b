/** Refusals that have a sentence. */
export type ProblemText =
  | 'wrongCode'
  | 'incomplete'
  | 'codeExpired'
  | 'codeSpent'
  | 'tooMany'
  | 'offline'
  | 'unavailable'
  | 'failed'
  | 'changed'
  | 'noPasskey'
  | 'passkeyRefused'
  | 'passkeyCancelled'
  | 'noWebauthn'
  | 'windowClosed'
  | 'loginRefused'
  | 'otherAccount'
  | 'walletRejected';

/** All words of the prompt in one language. What stands in braces is filled in. */
export interface PromptTexts extends Record<ProblemText, string> {
  title: string;
  close: string;
  /** Of what is over already. */
  dismiss: string;
  loading: string;
  /** Above what is approved. */
  approve: string;
  approveExactly: string;
  /** What scopes allow; others show the operator's words, or their name. */
  scopes: Readonly<Record<string, string>>;
  /** In place of a scope, for a token of action-based MFA. */
  protectedAction: string;
  signedInAs: string;
  askedFrom: string;

  anotherWay: string;
  chooseWay: string;
  back: string;
  tryAgain: string;
  verify: string;
  working: string;

  email: string;
  sms: string;
  totp: string;
  passkey: string;
  wallet: string;
  social: string;
  recovery: string;
  /** What stands below a way in the list. */
  emailHint: string;
  smsHint: string;
  totpHint: string;
  passkeyHint: string;
  walletHint: string;
  socialHint: string;
  recoveryHint: string;

  code: string;
  willSend: string;
  sendCode: string;
  sent: string;
  spam: string;
  validFor: string;
  resend: string;
  resendIn: string;
  enterTotp: string;
  enterNextTotp: string;
  usePasskey: string;
  passkeyHow: string;
  passkeyElsewhere: string;
  passkeyElsewhereHow: string;
  walletHow: string;
  walletSign: string;
  walletNone: string;
  walletLooking: string;
  socialHow: string;
  socialButton: string;
  recoveryHow: string;
  recoveryCode: string;

  enrolTitle: string;
  enrolWhy: string;
  enrolAnother: string;
  enrolFirst: string;
  enrolTotp: string;
  enrolTotpHint: string;
  enrolTotpHow: string;
  enrolTotpKey: string;
  enrolTotpCode: string;
  enrolPasskey: string;
  enrolPasskeyHint: string;
  enrolPasskeyHow: string;
  enrolPasskeyButton: string;
  enrolStep: string;
  qrLabel: string;
  copy: string;
  copied: string;
  keepTitle: string;
  keepHow: string;
  kept: string;

  done: string;
  waitFor: string;
  /** Follows offline and unavailable, where something was typed. */
  stillHere: string;
  stopDisputed: string;
  stopDisputedDo: string;
  stopCooling: string;
  stopCoolingDo: string;
  stopNoMethod: string;
  stopNoMethodDo: string;
  stopFailed: string;
  stopFailedDo: string;
  stopExpired: string;
  stopExpiredDo: string;
  stopSession: string;
  stopSessionDo: string;
  stopNotOpen: string;
  stopNotOpenDo: string;
  passkeysOff: string;
}

/** Words in place of those of the language. */
export type PromptTextOverrides = Partial<Omit<PromptTexts, 'scopes'>> & { readonly scopes?: Readonly<Record<string, string>> };
