import { InvalidDeviceRegistrationRedirectError } from './errors/InvalidDeviceRegistrationRedirectError.js';

/**
 * The token in the URL that a link to register a device leads to.
 *
 * @throws InvalidDeviceRegistrationRedirectError if there is none.
 * @example
 * ```ts
 * import { completeDeviceRegistration, getDeviceRegistrationTokenFromUrl } from '@stepup-auth/client';
 *
 * const deviceToken = getDeviceRegistrationTokenFromUrl({ url: location.href });
 * await completeDeviceRegistration({ deviceToken });
 * ```
 */
export const getDeviceRegistrationTokenFromUrl = ({ url }: { url: string }): string => {
  let token: string | null = null;
  try {
    token = new URL(url).searchParams.get('deviceRegistrationToken');
  } catch (cause) {
    throw new InvalidDeviceRegistrationRedirectError(undefined, cause);
  }
  if (!token?.trim()) throw new InvalidDeviceRegistrationRedirectError();
  return token;
};
