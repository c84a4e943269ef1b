import type { SdkUser } from '@stepup-auth/core';
import { waits } from './internal/device.js';

/**
 * Whether a user waits for the device to be registered by the link in their mail, and can do nothing else until then.
 *
 * @throws nothing: it reads the user it is given.
 * @example
 * ```ts
 * import { getDefaultClient, isDeviceRegistrationRequired } from '@stepup-auth/client';
 *
 * const { user } = getDefaultClient();
 * if (user && isDeviceRegistrationRequired(user)) console.log('Look into your mail, and open the link in this browser.');
 * ```
 */
export const isDeviceRegistrationRequired = (user: SdkUser): boolean => waits(user);
