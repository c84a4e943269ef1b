'use client';
import {
  getRegisteredDevices,
  isDeviceRegistrationRequired,
  type RegisteredDevice,
  revokeAllRegisteredDevices,
  revokeRegisteredDevice,
} from '@stepup-auth/client';
import { useCallback, useEffect, useMemo, useState } from 'react';
import { useSession } from './useSession.js';
import { useStepUpClient } from './useStepUpClient.js';

export interface UseRegisteredDevices {
  /** Empty until they are known. */
  readonly devices: readonly RegisteredDevice[];
  readonly isLoading: boolean;
  readonly error: unknown;
  /** This device waits for the link in the user's mail, and the user can do nothing else. */
  readonly isRegistrationRequired: boolean;
  /** Asks again. */
  readonly reload: () => Promise<readonly RegisteredDevice[]>;
  /** Makes a device unknown again; of this one that signs out. */
  readonly revoke: (deviceRegistrationId: string) => Promise<void>;
  /** The same for all, which signs out. */
  readonly revokeAll: () => Promise<void>;
}

interface Known {
  readonly sessionId: string | undefined;
  readonly devices: readonly RegisteredDevice[];
  readonly error: unknown;
}

/**
 * The devices that the user signs in on, and whether this one waits to become one of them.
 *
 * @throws NoClientError outside of a provider.
 * @example
 * ```tsx
 * import { parseUserAgent } from '@stepup-auth/client';
 * import { useRegisteredDevices } from '@stepup-auth/react';
 *
 * export const Devices = () => {
 *   const { devices, revoke } = useRegisteredDevices();
 *   return (
 *     <ul>
 *       {devices.map(({ id, userAgent = '', isCurrentDevice }) => (
 *         <li key={id}>
 *           {parseUserAgent({ userAgent })?.displayText ?? 'Unknown device'} {isCurrentDevice && '(this one)'}
 *           <button onClick={() => void revoke(id)}>Remove</button>
 *         </li>
 *       ))}
 *     </ul>
 *   );
 * };
 * ```
 */
export const useRegisteredDevices = (): UseRegisteredDevices => {
  const client = useStepUpClient();
  const { user } = useSession();
  const isRegistrationRequired = user !== null && isDeviceRegistrationRequired(user);
  const sessionId = isRegistrationRequired ? undefined : user?.sessionId;
  const [known, setKnown] = useState<Known>({ sessionId: undefined, devices: [], error: null });

  const reload = useCallback(async (): Promise<readonly RegisteredDevice[]> => {
    const asked = client.user?.sessionId;
    try {
      const devices = await getRegisteredDevices(client);
      setKnown({ sessionId: asked, devices, error: null });
      return devices;
    } catch (error) {
      setKnown({ sessionId: asked, devices: [], error });
      throw error;
    }
  }, [client]);

  const revoke = useCallback(async (deviceRegistrationId: string): Promise<void> => {
    await revokeRegisteredDevice({ deviceRegistrationId }, client);
    if (client.user) await reload().catch(() => undefined); // it is revoked, whatever the list says
  }, [client, reload]);

  const revokeAll = useCallback((): Promise<void> => revokeAllRegisteredDevices(client), [client]);

  useEffect(() => {
    if (sessionId !== undefined) reload().catch(() => undefined); // it is in known
  }, [reload, sessionId]);

  return useMemo(() => {
    const mine = sessionId !== undefined && known.sessionId === sessionId;
    return {
      devices: mine ? known.devices : [],
      isLoading: sessionId !== undefined && !mine,
      error: mine ? known.error : null,
      isRegistrationRequired,
      reload,
      revoke,
      revokeAll,
    };
  }, [known, sessionId, isRegistrationRequired, reload, revoke, revokeAll]);
};
