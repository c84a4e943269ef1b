import { coreOf, type StepUpClient } from './internal/client.js';
import { send } from './internal/send.js';
import { type ProjectSettings, settingsOf } from './internal/settings.js';

/**
 * Asks the server for the environment's settings anew.
 *
 * @throws NetworkError, ServerUnavailableError, InvalidResponseError if the server cannot be asked.
 * @example
 * ```ts
 * import { fetchProjectSettings } from '@stepup-auth/client';
 *
 * const { sdk } = await fetchProjectSettings();
 * console.log(sdk.minApiVersion);
 * ```
 */
export const fetchProjectSettings = async (client?: StepUpClient): Promise<ProjectSettings> => {
  const core = coreOf(client);
  core.settings = settingsOf(await send(core, { method: 'GET', path: '/settings', session: 'none', repeat: true }));
  return core.settings;
};
