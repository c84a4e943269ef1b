import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import { send } from './internal/send.js';

/**
 * Deletes the account, for good. It needs a token for `user:delete`. The session is over afterwards.
 *
 * @throws StepUpRequiredError without a token, APIError while an embedded wallet of it is in use.
 * @example
 * ```ts
 * import { deleteUser } from '@stepup-auth/client';
 *
 * await deleteUser();
 * ```
 */
export const deleteUser = async (client?: StepUpClient): Promise<void> => {
  const { core, within } = await begin(client, 'required');
  await send(core, { method: 'DELETE', path: '/users', session: within, gate: { scopes: ['user:delete'], legacy: true } });
  await core.forget(within.sessionId, 'user-deleted');
};
