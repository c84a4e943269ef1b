import { call } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { memberOf, readList, textOf } from './internal/json.js';

/** A device that the user signs in on. */
export interface RegisteredDevice {
  id: string;
  createdAt: Date;
  /** When somebody last signed in on it. */
  lastUsedAt?: Date;
  /** What its browser said of itself; `parseUserAgent` reads it. */
  userAgent?: string;
  isCurrentDevice: boolean;
}

/**
 * The devices that the user has registered, newest first.
 *
 * @throws UserNotAuthenticatedError if nobody is signed in.
 * @example
 * ```ts
 * import { getRegisteredDevices, parseUserAgent } from '@stepup-auth/client';
 *
 * for (const { userAgent = '', isCurrentDevice } of await getRegisteredDevices()) {
 *   console.log(parseUserAgent({ userAgent })?.displayText ?? 'Unknown', isCurrentDevice ? '(this one)' : '');
 * }
 * ```
 */
export const getRegisteredDevices = async (client?: StepUpClient): Promise<RegisteredDevice[]> =>
  readList(deviceOf, await call(client, { method: 'GET', path: '/deviceRegistrations', repeat: true }), 'deviceRegistrations');

const deviceOf = (json: unknown): RegisteredDevice => {
  const [id, lastUsedAt, userAgent] = [textOf(json, 'id'), textOf(json, 'lastUsedAt'), textOf(json, 'userAgent')];
  if (id === undefined) throw new TypeError('A device has no id.');
  return {
    id,
    createdAt: new Date(textOf(json, 'createdAt') ?? NaN),
    ...(lastUsedAt === undefined ? {} : { lastUsedAt: new Date(lastUsedAt) }),
    ...(userAgent === undefined ? {} : { userAgent }),
    isCurrentDevice: memberOf(json, 'isCurrentDevice') === true,
  };
};
