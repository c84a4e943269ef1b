// The prompt on a page under a strict policy, in every state, with a server that is only its endpoints: what it looks like to programs
// that judge accessibility, what its keys do, and that nothing typed is lost. test/live/prompt.mjs has it on a real server.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
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

  it('scrolls only where it is higher than the page, and breaks no recovery code', async () => {
    const found = [];
    for (const [width, names] of [[480, await states.names()], [320, ['recovery-codes']]]) {
      const classic = await states.open({ width, height: 1000, reducedMotion: 'reduce' });
      for (const name of names) {
        await classic.show(name);
        found.push(...await classic.page.evaluate(() => [...shown.shadowRoot.querySelectorAll('dialog')].flatMap((box) => [
          ...(box.scrollHeight > box.clientHeight && box.offsetHeight < 736 ? [`${box.scrollHeight - box.clientHeight} px higher than itself`] : []),
          ...[...box.querySelectorAll('.codes code')].filter((code) => code.getClientRects().length > 1 || code.offsetWidth > code.parentElement.offsetWidth).map((code) => `${code.innerText} is broken`),
        ])).then((problems) => problems.map((problem) => `${name}, ${width}: ${problem}`)));
      }
      await classic.close();
    }
    assert.deepEqual(found, []);
  });

  it('keeps recovery codes where they are until their owner has them', async () => {
    await tab.show('recovery-codes');
    await tab.page.mouse.click(4, 4);
    for (let n = 0; n < 3; n += 1) await tab.page.keyboard.press('Escape');
    assert.equal(await sheet().locator('dialog[open] .codes li').count(), 10);
    assert.match(await sheet().locator('.ask').innerText(), /once you say so, they are not shown again/);
    await sheet().locator('.close').click();
    assert.equal(await sheet().locator('dialog').count(), 0);
  });

  it('is found without a bundler by the import map of docs/sdk/prompt.md', async () => {
    const [map] = /<script type="importmap">[^]*?<\/script>/.exec(readFileSync(new URL('../../../docs/sdk/prompt.md', import.meta.url), 'utf8'));
    const page = await states.blank({ width: 400, height: 400 });
    await page.route('**/*', (route) => {
      const [, file] = /\/node_modules\/(.*)$/.exec(route.request().url()) ?? [];
      if (file) return route.fulfill({ path: fileURLToPath(new URL(`../node_modules/${file}`, import.meta.url)), contentType: 'text/javascript' });
      return route.fulfill({ body: `<!doctype html>${map}`, contentType: 'text/html' });
    });
    await page.goto('http://localhost:3000/');
    const found = await page.evaluate(async () => {
      await import('@stepup-auth/client');
      return (await (await import('/node_modules/@stepup-auth/client/dist/internal/prompt.js')).promptOf({})).explains;
    });
    assert.equal(found, true);
    await page.context().close();
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

  it('says that what was typed is still there, where something was', async () => {
    await tab.show('offline');
    assert.match(await sheet().locator('[role=alert]').innerText(), /offline.*What you typed is still here/s);
    await tab.page.evaluate(() => { states.unsent = { ...states['email-before-sending'], endpoints: { sendCode: async () => { throw Object.assign(new Error('no'), { code: 'network_error' }); } } }; });
    await tab.show('unsent');
    await sheet().locator('.primary').click();
    await sheet().locator('.bad').waitFor();
    assert.doesNotMatch(await sheet().locator('[role=alert]').innerText(), /typed/);
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
