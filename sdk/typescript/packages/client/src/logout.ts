import { coreOf, type StepUpClient } from './internal/client.js';
import { ready } from './internal/ready.js';
import { send } from './internal/send.js';

/**
 * Signs out: tells the server to end the session and its tokens, and forgets them here in any case. `revoked` is false when the
 * server could not be told; the session then ends by itself, at its time.
 *
 * @throws NoClientError without a client.
 * @example
 * ```ts
 * import { logout } from '@stepup-auth/client';
 *
 * await logout();
 * ```
 */
export const logout = async (client?: StepUpClient): Promise<{ revoked: boolean }> => {
  const core = coreOf(client);
  if (core.initStatus !== 'finished') await core.load();
  if (!core.state.session?.token) await ready(core).catch(() => undefined); // whether a cookie goes along is in the settings
  const { session } = core.state;
  if (!session) return { revoked: true };
  const headers = { 'x-dyn-logout-reason': 'user-intent' };
  const told = send(core, { method: 'POST', path: '/revoke', session, headers }).then(
    () => true,
    () => false,
  );
  await core.forget(session.sessionId, 'user-intent');
  return { revoked: await told };
};
