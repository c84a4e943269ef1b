import { coreOf, type StepUpClient } from './internal/client.js';
import { keptRedirect, returned } from './internal/redirect.js';

/**
 * Whether an address is the way back of a login that this client began.
 *
 * @throws NoClientError without a client.
 * @example
 * ```ts
 * import { completeSocialRedirect, detectSocialRedirectUrl } from '@stepup-auth/client';
 *
 * const url = new URL(location.href);
 * if (await detectSocialRedirectUrl({ url })) await completeSocialRedirect({ url });
 * ```
 */
export const detectSocialRedirectUrl = async ({ url }: { url: URL | string }, client?: StepUpClient): Promise<boolean> => {
  const back = returned(url);
  return back !== undefined && (await keptRedirect(coreOf(client), back.state)) !== undefined;
};
