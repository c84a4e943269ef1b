import type { PromptFailure } from './endpoints.js';
import type { Stop } from './flow.js';
import type { ProblemText } from './texts/texts.js';

/** A refusal, and what it leads to. */
export interface Problem {
  /** Which sentence says it. */
  readonly text: ProblemText;
  /** What the server said, where no sentence of ours does. */
  readonly detail?: string | undefined;
  /** Until when nothing helps but waiting, by the clock of this machine. */
  readonly until?: number | undefined;
  /** It ends the prompt. */
  readonly stop?: Stop;
  /** Something is not what the view said: it is read anew. */
  readonly reread?: boolean;
  /** The code that was sent is of no use any more. */
  readonly resend?: boolean;
  /** The user's own doing: said, but not as an alarm. */
  readonly calm?: boolean;
}

const known: Readonly<Record<string, Omit<Problem, 'until' | 'detail'>>> = {
  mfa_invalid_code: { text: 'wrongCode' },
  wrong_email_verification_token: { text: 'wrongCode' },
  wrong_sms_verification_token: { text: 'wrongCode' },
  invalid_email_verification: { text: 'codeExpired', resend: true },
  invalid_sms_verification: { text: 'codeExpired', resend: true },
  too_many_email_verification_attempts: { text: 'codeSpent', resend: true },
  too_many_sms_verification_attempts: { text: 'codeSpent', resend: true },
  too_many_verification_attempts: { text: 'tooMany' },
  mfa_rate_limited: { text: 'tooMany' },
  rate_limited: { text: 'tooMany' },
  cooling_down: { text: 'tooMany', stop: 'cooling_down' },
  disputed: { text: 'failed', stop: 'disputed' },
  network_error: { text: 'offline' },
  temporarily_unavailable: { text: 'unavailable' },
  invalid_response: { text: 'unavailable' },
  outcome_unknown: { text: 'unavailable', reread: true },
  session_ended: { text: 'failed', stop: 'session_ended' },
  invalid_session: { text: 'failed', stop: 'session_ended' },
  sign_in_required: { text: 'failed', stop: 'session_ended' },
  user_not_authenticated: { text: 'failed', stop: 'session_ended' },
  invalid_binding: { text: 'failed', stop: 'expired' },
  nothing_to_confirm: { text: 'failed', stop: 'expired' },
  prompt_over: { text: 'failed', stop: 'expired' },
  prompt_not_open: { text: 'failed', stop: 'not_open' },
  enrolment_not_proven: { text: 'changed', reread: true },
  mfa_device_not_found: { text: 'changed', reread: true },
  mfa_method_disabled: { text: 'changed', reread: true },
  passkey_not_found: { text: 'changed', reread: true },
  credential_not_enabled_for_sign_in: { text: 'changed', reread: true },
  elevated_access_token_required: { text: 'changed', reread: true },
  no_passkey_credentials_found_error: { text: 'noPasskey', reread: true },
  invalid_passkey: { text: 'passkeyRefused' },
  passkey_failed: { text: 'passkeyRefused' },
  no_webauthn_support: { text: 'noWebauthn' },
  max_passkeys_per_user: { text: 'changed', reread: true },
  passkey_cancelled: { text: 'passkeyCancelled', calm: true },
  user_cancelled_social_popup: { text: 'windowClosed', calm: true },
  social_login_failed: { text: 'loginRefused' },
  wallet_has_other_account: { text: 'otherAccount' },
  invalid_verification: { text: 'otherAccount' },
  invalid_wallet_address: { text: 'otherAccount' },
  wallet_rejected: { text: 'walletRejected', calm: true },
  no_elevated_token: { text: 'failed' },
};

/** What browsers say of passkeys, where nobody has put it into a code. */
const named: Readonly<Record<string, string>> = {
  NotAllowedError: 'passkey_cancelled', AbortError: 'passkey_cancelled', InvalidStateError: 'passkey_failed', SecurityError: 'passkey_failed',
  NotSupportedError: 'passkey_failed',
};

/** Reads what a call of the endpoints was rejected with. */
export const problemOf = (error: unknown, now: number): Problem => {
  const { name, message, retryAfterSeconds, status, payload, ...failure } = fieldsOf(error);
  const code = failure.code ?? (name === undefined ? undefined : named[name]);
  const wait = retryAfterSeconds === undefined ? undefined : now + retryAfterSeconds * 1000;
  if (payload?.reason === 'disputed') return { text: 'failed', stop: 'disputed' };
  if (code === 'prompt_over' && payload?.reason === 'finished') return { text: 'failed', stop: 'not_open' };
  const entry = typeof code === 'string' && Object.hasOwn(known, code) ? known[code] : undefined;
  if (entry) return { ...entry, until: wait };
  if (status !== undefined && status >= 500) return { text: 'unavailable', until: wait };
  if (wait !== undefined) return { text: 'tooMany', until: wait };
  return { text: 'failed', ...(typeof code === 'string' && message ? { detail: message } : {}) };
};

type Fields = Partial<PromptFailure> & { name?: string; status?: number | undefined; payload?: { reason?: unknown } | undefined };

/** An error's members, of which a DOMException's code is a number and none of ours. */
const fieldsOf = (error: unknown): Fields => {
  const { name, message, code, retryAfterSeconds, status, payload } = (error ?? {}) as Fields;
  return {
    ...(typeof code === 'string' ? { code } : {}),
    ...(name === undefined ? {} : { name }),
    ...(message === undefined ? {} : { message }),
    retryAfterSeconds,
    status,
    payload,
  };
};
