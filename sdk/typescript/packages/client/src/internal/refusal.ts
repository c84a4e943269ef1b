import { APIError } from '../errors/APIError.js';
import { InvalidExternalAuthError } from '../errors/InvalidExternalAuthError.js';
import { LinkCredentialError } from '../errors/LinkCredentialError.js';
import { MfaInvalidOtpError } from '../errors/MfaInvalidOtpError.js';
import { MfaRateLimitedError } from '../errors/MfaRateLimitedError.js';
import { OutcomeUnknownError } from '../errors/OutcomeUnknownError.js';
import { RateLimitedError } from '../errors/RateLimitedError.js';
import { ServerUnavailableError } from '../errors/ServerUnavailableError.js';
import { type StepUpRefusalReason, StepUpRequiredError } from '../errors/StepUpRequiredError.js';
import { WalletAlreadyLinkedToAnotherUserError } from '../errors/WalletAlreadyLinkedToAnotherUserError.js';
import { memberOf, objectOf, textOf } from './json.js';

const classes: Readonly<Record<string, typeof APIError>> = {
  mfa_invalid_code: MfaInvalidOtpError,
  mfa_rate_limited: MfaRateLimitedError,
  invalid_external_auth: InvalidExternalAuthError,
  reassign_wallet_confirm: WalletAlreadyLinkedToAnotherUserError,
  reassign_wallet_error: LinkCredentialError,
  merge_accounts_invalid: LinkCredentialError,
  social_account_already_exists: LinkCredentialError,
  outcome_unknown: OutcomeUnknownError,
};

/** The error that a refusal of our API is. */
export const refusalOf = (status: number, headers: { get(name: string): string | null }, body: unknown): APIError => {
  const code = textOf(body, 'code') ?? 'unknown_error';
  const payload = objectOf(memberOf(body, 'payload')) as Record<string, unknown>;
  const wait = Number(headers.get('retry-after') ?? Number.NaN);
  const parameters = {
    code,
    message: textOf(body, 'error') ?? `The server answered ${status}.`,
    status,
    requestId: textOf(body, 'requestId') ?? headers.get('x-request-id') ?? undefined,
    payload,
    retryAfterSeconds: Number.isFinite(wait) && wait >= 0 ? wait : undefined,
  };
  const scope = textOf(payload, 'scope');
  if (status === 403 && code === 'elevated_access_token_required' && scope !== undefined) {
    const methods = memberOf(payload, 'methods');
    return new StepUpRequiredError({
      ...parameters,
      scope,
      reason: (textOf(payload, 'reason') ?? 'missing') as StepUpRefusalReason,
      singleUse: memberOf(payload, 'singleUse') === true,
      methods: Array.isArray(methods) ? methods.filter((method) => typeof method === 'string') : [],
    });
  }
  if (Object.hasOwn(classes, code)) return new classes[code]!(parameters);
  if (status === 429) return new RateLimitedError(parameters);
  if (status >= 500) return new ServerUnavailableError(parameters);
  return new APIError(parameters);
};
