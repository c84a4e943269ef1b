import { getDeviceRegistrationTokenFromUrl } from './getDeviceRegistrationTokenFromUrl.js';

/**
 * Whether a URL is one that a link to register a device leads to.
 *
 * @throws nothing: what is no URL is none of those.
 * @example
 * ```ts
 * import { detectDeviceRegistrationRedirect } from '@stepup-auth/client';
 *
 * const isBack = detectDeviceRegistrationRedirect({ url: location.href });
 * ```
 */
export const detectDeviceRegistrationRedirect = ({ url }: { url: string }): boolean => {
  try {
    getDeviceRegistrationTokenFromUrl({ url });
    return true;
  } catch {
    return false;
  }
};
