import type { VerifyResponse } from '@stepup-auth/core';
import type { StepUpClient } from './internal/client.js';
import { unlinkCredential } from './unlinkCredential.js';

/**
 * Unlinks an account at a login provider. It needs a token for `credential:unlink`.
 *
 * @param options `verifiedCredentialId` is that of `getUserSocialAccounts`.
 * @throws StepUpRequiredError without a token, APIError `cannot_delete_last_sign_in_verified_credential`.
 * @example
 * ```ts
 * import { getUserSocialAccounts, unlinkSocialAccount } from '@stepup-auth/client';
 *
 * const [account] = getUserSocialAccounts();
 * if (account) await unlinkSocialAccount(account);
 * ```
 */
export const unlinkSocialAccount = (
  { verifiedCredentialId }: { verifiedCredentialId: string },
  client?: StepUpClient,
): Promise<VerifyResponse> => unlinkCredential({ verifiedCredentialId }, client);
