import type { ProviderEnum } from '@stepup-auth/core';
import { clientOrDefault, type StepUpClient } from './internal/client.js';

/** An account at a login provider that is linked. */
export interface SocialAccount {
  provider: ProviderEnum;
  verifiedCredentialId: string;
  accountId?: string;
  username?: string;
  displayName?: string;
  emails: string[];
  photos: string[];
}

/**
 * The accounts at login providers that are linked, as far as the client knows without asking.
 *
 * @throws NoClientError without a client.
 * @example
 * ```ts
 * import { getUserSocialAccounts } from '@stepup-auth/client';
 *
 * console.log(getUserSocialAccounts().map(({ provider, username }) => `${username} at ${provider}`));
 * ```
 */
export const getUserSocialAccounts = (client?: StepUpClient): SocialAccount[] =>
  (clientOrDefault(client).user?.verifiedCredentials ?? []).flatMap((credential) =>
    credential.format !== 'oauth' || !credential.oauthProvider
      ? []
      : [
          {
            provider: credential.oauthProvider,
            verifiedCredentialId: credential.id,
            ...(credential.oauthAccountId ? { accountId: credential.oauthAccountId } : {}),
            ...(credential.oauthUsername ? { username: credential.oauthUsername } : {}),
            ...(credential.oauthDisplayName ? { displayName: credential.oauthDisplayName } : {}),
            emails: credential.oauthEmails ?? [],
            photos: credential.oauthAccountPhotos ?? [],
          },
        ],
  );
