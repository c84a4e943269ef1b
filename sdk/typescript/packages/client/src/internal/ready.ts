import type { Core } from './core.js';
import { resume } from './resume.js';
import { send } from './send.js';
import { settingsOf, usesCookies } from './settings.js';

/** Loads state and settings, once; after a failure the next call tries again. */
export const ready = async (core: Core): Promise<void> => {
  if (core.initStatus === 'finished') return;
  await core.once('ready', async () => {
    core.initStatus = 'in-progress';
    try {
      core.listen();
      const [json] = await Promise.all([send(core, { method: 'GET', path: '/settings', session: 'none', repeat: true }), core.load()]);
      core.settings = settingsOf(json);
      if (usesCookies(core.settings) && !core.state.session) await resume(core);
      core.initStatus = 'finished';
    } catch (error) {
      core.initStatus = 'failed';
      throw error;
    }
  });
};
