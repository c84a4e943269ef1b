'use client';
import {
  completeDeviceRegistration,
  detectDeviceRegistrationRedirect,
  getDeviceRegistrationTokenFromUrl,
  isDeviceRegistrationRequired,
  logout,
  type StepUpClient,
} from '@stepup-auth/client';
import { createElement, type FunctionComponent, useEffect, useId, useState } from 'react';
import { useSession } from '../useSession.js';

export interface DeviceRegistrationProps {
  readonly client: StepUpClient;
  /** Whether the user is told what to do here; the app does so itself else. */
  readonly modal: boolean;
}

/** Finishes the registration of this device where the page was opened by the link, and until then tells the user what to do. */
export const DeviceRegistration: FunctionComponent<DeviceRegistrationProps> = ({ client, modal }) => {
  const { user } = useSession();
  const waits = user !== null && isDeviceRegistrationRequired(user);
  const [failed, setFailed] = useState(false);
  const title = useId();

  useEffect(() => {
    setFailed(false);
    const url = (globalThis.window as Partial<Window> | undefined)?.location?.href; // React Native has a window, and no address
    if (!waits || !url || !detectDeviceRegistrationRedirect({ url })) return undefined;
    let mounted = true;
    completeDeviceRegistration({ deviceToken: getDeviceRegistrationTokenFromUrl({ url }) }, client).then(forgetToken, () => {
      if (mounted) setFailed(true);
    });
    return () => {
      mounted = false;
    };
  }, [client, waits]);

  if (!waits || !modal) return null;
  return createElement(
    'div',
    { style: { position: 'fixed', inset: 0, zIndex: 2147483000, display: 'grid', placeItems: 'center', background: 'rgb(0 0 0 / 50%)' } },
    createElement(
      'div',
      {
        role: 'dialog',
        'aria-modal': true,
        'aria-labelledby': title,
        style: { maxWidth: '24rem', margin: '1rem', padding: '1.5rem', borderRadius: '0.75rem', background: '#fff', color: '#1d2433', font: '1rem/1.5 system-ui, sans-serif' },
      },
      createElement('h2', { id: title, style: { margin: '0 0 0.5rem', fontSize: '1.25rem' } }, 'Is this your device?'),
      createElement(
        'p',
        { role: 'status', style: { margin: '0 0 1rem' } },
        failed
          ? 'That link does not work here: it is used or too old, or was mailed for another browser. Sign out and sign in again for a new one.'
          : 'You have not signed in here before. We sent a link to your email address: open it in this browser within 10 minutes.',
      ),
      createElement('button', { type: 'button', autoFocus: true, onClick: () => void logout(client), style: { padding: '0.5rem 1rem', font: 'inherit' } }, 'Sign out'),
    ),
  );
};

/** Takes the token out of the address bar and leaves everything else. */
const forgetToken = (): void => {
  const url = new URL(window.location.href);
  url.searchParams.delete('deviceRegistrationToken');
  window.history.replaceState(window.history.state, '', url);
};
