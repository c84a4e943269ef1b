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

  const sheet = () => tab.page.locator('stepup-prompt');

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

  it('breaks no policy and logs nothing', () => {
    assert.deepEqual(states.problems, []);
  });

  it('takes a code as people have it: with spaces and hyphens, in full width, too long', async () => {
    await tab.show('authenticator-app');
    const field = sheet().locator('input');
    for (const [typed, code] of [['12 34', '1234'], ['12-34', '1234'], ['\uff11\uff12\uff13', '123'], ['a1b2', '12']]) {
      await field.fill(typed);
      assert.equal(await field.inputValue(), code);
    }
    assert.deepEqual(await field.evaluate(({ inputMode, autocomplete, dir }) => [inputMode, autocomplete, dir]), ['numeric', 'one-time-code', 'ltr']);
    await sheet().locator('.primary').click();
    assert.match(await sheet().locator('[role=alert]').innerText(), /six to eight digits/);
  });

  it('is used by keys alone, and keeps them inside', async () => {
    await tab.show('way-chosen-by-user');
    const focused = () => tab.page.evaluate(() => shown.shadowRoot.activeElement?.innerText.split('\n')[0] || shown.shadowRoot.activeElement?.ariaLabel);
    const seen = [];
    for (let n = 0; n < 6; n += 1) {
      seen.push(await focused());
      await tab.page.keyboard.press('Tab');
    }
    assert.deepEqual(seen.slice(0, 4), ['Email', 'Text message', 'Wallet', 'Sign in with GitHub']);
    await tab.show('way-chosen-by-user');
    await tab.page.keyboard.press('Enter');
    await sheet().locator('input').waitFor();
    assert.equal(await tab.page.evaluate(() => shown.shadowRoot.activeElement.name), 'code');
    await tab.page.keyboard.press('Escape');
    assert.equal(await sheet().locator('dialog').count(), 0);
  });

  it('says what is said and done to who cannot see it', async () => {
    await tab.show('wrong-code');
    const field = sheet().locator('input');
    assert.equal(await field.getAttribute('aria-invalid'), 'true');
    const described = await field.evaluate((input) => input.getAttribute('aria-describedby').split(' ').map((id) => input.getRootNode().getElementById(id).innerText.trim()));
    assert.match(described.join(' | '), /sent to ada@example\.com.* \| That code is wrong/);
    assert.equal(await field.inputValue(), '482193');
    assert.deepEqual(await field.evaluate(({ selectionStart, selectionEnd }) => [selectionStart, selectionEnd]), [0, 6]);
    assert.equal(await sheet().locator('dialog').evaluate((dialog) => dialog.getRootNode().getElementById(dialog.getAttribute('aria-labelledby')).innerText), 'Confirm it\u2019s you');
    await tab.show('working');
    assert.equal(await sheet().locator('.aloud[role=status]').innerText(), 'Checking…');
  });

  it('draws a QR code that a camera reads', async () => {
    await tab.show('enrol-authenticator-app');
    const [size, path] = await sheet().locator('.qr svg').evaluate((svg) => [svg.viewBox.baseVal.width, svg.querySelector('.qr-dark').getAttribute('d')]);
    const scale = 4;
    const pixels = new Uint8ClampedArray((size * scale) ** 2 * 4).fill(255);
    for (const [, x, y] of path.matchAll(/M(\d+) (\d+)h1v1h-1z/g)) {
      for (let row = 0; row < scale; row += 1) for (let column = 0; column < scale; column += 1) pixels.fill(0, (((Number(y) * scale + row) * size + Number(x)) * scale + column) * 4, (((Number(y) * scale + row) * size + Number(x)) * scale + column) * 4 + 3);
    }
    const read = (jsQR.default ?? jsQR)(pixels, size * scale, size * scale);
    assert.match(read.data, /^otpauth:\/\/totp\/Example%20Bank:ada%40example\.com\?secret=JBSWY3DPEHPK3PXP/);
  });

  it('offers nothing that cannot show what must be shown', async () => {
    const names = await tab.page.evaluate(async () => {
      await show('bound-transaction');
      states.bound = { view: { ...states['another-way'].view, credentials: [...states['way-chosen-by-user'].view.credentials, ...states['another-way'].view.credentials], binding: { summary: 'Pay', mustDisplay: true } } };
      await show('bound');
      return [...shown.shadowRoot.querySelectorAll('.way-name')].map((name) => name.innerText);
    });
    assert.deepEqual(names, ['Email', 'Text message', 'Wallet']);
  });

  it('has all its words in every language, and names in each for every scope', async () => {
    for (const lang of ['de', 'es', 'fr', 'ja', 'pt']) {
      await tab.show('bound-transaction', { lang });
      await tab.page.waitForFunction((language) => shown.shadowRoot.querySelector('dialog').lang === language, lang, { polling: 50 });
      assert.doesNotMatch(await sheet().locator('.body').innerText(), /Confirm it|Enter the|undefined|\{\w+\}/, lang);
    }
  });
});
