import { call } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { path } from './internal/path.js';

/**
 * Confirms a credential that was linked with nothing (`confirmed: false`), so that it counts. It needs a token for `credential:link`,
 * from something that counts already.
 *
 * @throws StepUpRequiredError without a token, APIError `nothing_to_confirm`.
 * @example
 * ```ts
 * import { confirmCredential, refreshUser } from '@stepup-auth/client';
 *
 * const { verifiedCredentials } = await refreshUser();
 * const open = verifiedCredentials.find(({ confirmed }) => confirmed === false);
 * if (open) await confirmCredential({ credentialId: open.id });
 * ```
 */
export const confirmCredential = async ({ credentialId }: { credentialId: string }, client?: StepUpClient): Promise<void> => {
  await call(client, {
    method: 'POST',
    path: path`/credentials/${credentialId}/confirm`,
    gate: { scopes: ['credential:link'] },
  });
};
