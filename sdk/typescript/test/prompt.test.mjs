// The prompt on a page under a strict policy, in every state, with a server that is only its endpoints: what it looks like to programs
// that judge accessibility, what its keys do, and that nothing typed is lost. test/live/prompt.mjs has it on a real server.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import jsQR from 'jsqr';
import { openStates } from './lib/promptPage.mjs';

describe('the prompt', () => {
  let states;
  let tab;
  before(async () => {
    states = await openStates();
    tab = await states.open({ width: 480, height: 800, reducedMotion: 'reduce' });
  });
  after(() => states?.close());

  const show = (name, how) => tab.show(name, how);
  /** Runs in the page, with the root of the element and its button. */
  const inside = (run, argument) => tab.page.evaluate(([text, given]) => new Function('root', 'given', `return (${text})(root, given)`)(globalThis.shown.shadowRoot, given), [String(run), argument]);

  it('has nothing that axe finds, in any state, light and dark', async () => {
    const names = await states.names();
    assert.ok(names.length > 35);
    const tabs = await states.open({ width: 320, height: 800, reducedMotion: 'reduce', bypassCSP: true });
    await tabs.page.evaluate(states.axe);
    const found = [];
    for (const [n, name] of names.entries()) {
      await tabs.show(name, { theme: n % 2 ? 'light' : 'dark', ...(n % 5 ? {} : { dir: 'rtl' }) });
      const violations = await tabs.page.evaluate(async () => (await axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] })).violations
        .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`)));
      found.push(...violations.map((text) => `${name}: ${text}`));
      const wider = await tabs.page.evaluate(() => document.documentElement.scrollWidth > innerWidth || [...shown.shadowRoot.querySelectorAll('dialog, section')].some((box) => box.scrollWidth > box.clientWidth));
      if (wider) found.push(`${name}: wider than 320 px`);
    }
    await tabs.close();
    assert.deepEqual(found, []);
  });
});
