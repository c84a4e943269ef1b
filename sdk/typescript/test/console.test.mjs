// Every page of the console in a real browser: what axe finds, light and dark, how wide it is on a phone and a desk, that its keys reach
// everything there is to press, and that the strict policy stops nothing of it.
import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { openConsole } from './lib/consolePages.mjs';

describe('the console', () => {
  let pages;
  before(async () => {
    pages = await openConsole();
    assert.ok(pages.names.length > 4);
  });
  after(() => pages?.close());

  const rules = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'];
  const inspect = (tab, runOnly) => tab.page.evaluate(async (only) => (await axe.run(document, { iframes: false, runOnly: only, resultTypes: ['violations'] })).violations
    .flatMap(({ id, nodes }) => nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`)), runOnly);

  for (const width of [360, 1440]) {
    it(`has nothing that axe finds, light and dark, and is no wider than the page, at ${width} px`, async () => {
      const tab = await pages.open({ width, colorScheme: 'light', bypassCSP: true });
      const found = [];
      for (const name of pages.names) {
        await tab.show(name);
        await tab.page.evaluate(pages.axe);
        const violations = await inspect(tab, rules);
        await tab.page.emulateMedia({ colorScheme: 'dark' }); // of what axe looks for, only contrast depends on it
        violations.push(...await inspect(tab, { type: 'rule', values: ['color-contrast'] }));
        await tab.page.emulateMedia({ colorScheme: 'light' });
        found.push(...violations.map((text) => `${name}: ${text}`));
        const wide = await tab.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
        if (wide > 0) found.push(`${name}: ${wide} px wider than the page`);
        const gone = await tab.page.evaluate(() => [...document.querySelectorAll('main form button')]
          .filter((button) => !button.checkVisibility() && !button.closest('[hidden], [popover], details:not([open])')).map((button) => button.outerHTML));
        found.push(...gone.map((button) => `${name}: nobody sees ${button}`));
      }
      await tab.close();
      assert.deepEqual(found, []);
    });
  }

  it('lets keys reach all that can be pressed, and shows where they are', async () => {
    const tab = await pages.open({ width: 1440 });
    const keys = await tab.page.context().newCDPSession(tab.page);
    const found = [];
    for (const name of pages.names) {
      await tab.show(name);
      const wanted = await tab.page.evaluate(() => {
        const all = [...document.querySelectorAll('a[href], button, input:not([type=hidden]), select, textarea, summary, [tabindex="0"]')]
          .filter((element) => element.checkVisibility({ visibilityProperty: true }) && !element.disabled);
        all.forEach((element, n) => { element.dataset.n = String(n); });
        window.reached = [];
        document.addEventListener('focusin', ({ target }) => {
          const { outlineStyle, outlineWidth } = getComputedStyle(target);
          window.reached.push({ n: target.dataset.n, shown: outlineStyle !== 'none' && outlineWidth !== '0px', what: target.outerHTML.slice(0, 120) });
        });
        return all.filter((element) => element.type !== 'radio').map((element) => element.dataset.n);
      });
      const presses = wanted.length + 30; // a day has several parts, and groups of choices are no part of wanted
      const tabKey = { key: 'Tab', code: 'Tab', windowsVirtualKeyCode: 9 };
      const press = () => Promise.all(['rawKeyDown', 'keyUp'].map((type) => keys.send('Input.dispatchKeyEvent', { type, ...tabKey })));
      let reached = [];
      let missed = wanted;
      const look = async () => {
        reached = await tab.page.evaluate(() => window.reached);
        missed = wanted.filter((n) => !reached.some((at) => at.n === n));
      };
      await Promise.all(Array.from({ length: presses }, press)); // in order, without waiting for each
      await look();
      for (let n = 0; n < presses && missed.length > 0; n += 1) { // a frame takes the keys a moment later: one by one
        await press();
        await look();
      }
      for (const { shown, what } of reached) if (!shown) found.push(`${name}: nothing shows where the keys are: ${what}`);
      for (const n of missed) found.push(`${name}: keys do not reach ${await tab.page.evaluate((m) => document.querySelector(`[data-n="${m}"]`).outerHTML.slice(0, 120), n)}`);
    }
    await tab.close();
    assert.deepEqual(found, []);
  });

  it('opens its menus and asks before it acts, by keys alone', async () => {
    const tab = await pages.open({ width: 360 });
    await tab.show('components');
    await tab.page.getByRole('button', { name: /^Switch environment/ }).focus();
    await tab.page.keyboard.press('Enter');
    const menu = tab.page.locator('#switcher');
    await menu.waitFor({ state: 'visible' });
    await tab.page.keyboard.press('Escape');
    await menu.waitFor({ state: 'hidden' });

    await tab.page.locator('form[data-confirm] button').focus();
    await tab.page.keyboard.press('Enter');
    const dialog = tab.page.getByRole('dialog', { name: 'End sessions?' });
    assert.match(await dialog.innerText(), /three sessions of this user end now/);
    assert.equal(await tab.page.evaluate(() => document.activeElement.textContent), 'Cancel');
    await tab.page.keyboard.press('Enter');
    await dialog.waitFor({ state: 'detached' }); // a dialog tells that it was closed a moment later
    await tab.close();
  });

  it('opens its menus below the bar, also where a banner stands above it', async () => {
    for (const name of ['environment_settings', 'environment_settings_development']) {
      const tab = await pages.open({ width: 360, height: 400 });
      await tab.show(name);
      for (const menu of ['operator', 'switcher', 'nav']) {
        await tab.page.evaluate((y) => scrollTo(0, y), menu === 'nav' ? 300 : 0);
        await tab.page.locator(`[popovertarget=${menu}]`).click();
        const [bar, popup] = await Promise.all(['header.top', `#${menu}`].map((at) => tab.page.locator(at).boundingBox()));
        assert.ok(popup.y >= bar.y + bar.height - 8, `${name}: ${menu} covers the bar`);
        await tab.page.keyboard.press('Escape');
      }
      await tab.close();
    }
  });

  it('shows its widest tables whole on a small desk', async () => {
    const tab = await pages.open({ width: 1280 });
    for (const name of ['security', 'audit_list', 'delivery', 'user_show', 'version_older']) {
      await tab.show(name);
      const cut = await tab.page.evaluate(() => [...document.querySelectorAll('.table')].filter((table) => table.scrollWidth > table.clientWidth).map((table) => table.innerText.slice(0, 60)));
      assert.deepEqual(cut, [], name);
    }
    await tab.close();
  });

  it('shows what people call themselves as text, also where it asks before it acts', async () => {
    const tab = await pages.open({ width: 1440, bypassCSP: true }); // the policy is not what keeps markup out
    for (const name of ['user_show_canary', 'user_list', 'user_list_nobody']) {
      await tab.show(name);
      const seen = await tab.page.evaluate(() => ({
        made: document.querySelectorAll('main img, main script, [onerror]').length,
        said: [...document.querySelectorAll('main *')].filter((element) => !element.children.length && /<img src=x/.test(`${element.textContent}${element.value ?? ''}`)).length,
        title: document.title,
      }));
      assert.equal(seen.made, 0, name);
      assert.ok(seen.said >= (name === 'user_show_canary' ? 20 : 1), `${name} says it ${seen.said} times`);
      assert.notEqual(seen.title, 'CANARY');
    }
    await tab.show('user_show_canary');
    await tab.page.getByRole('button', { name: /^Unlink/ }).first().click();
    const dialog = tab.page.getByRole('dialog');
    assert.match(await dialog.innerText(), /<img src=x onerror=/);
    assert.equal(await dialog.locator('img').count(), 0);
    await tab.close();
  });

  it('has its pages behind a button on a phone, and on a desk beside them', async () => {
    for (const [width, beside] of [[360, false], [1440, true]]) {
      const tab = await pages.open({ width });
      await tab.show('developers');
      const nav = tab.page.getByRole('navigation', { name: 'Acme Pay' });
      assert.equal(await nav.isVisible(), beside);
      if (!beside) await tab.page.getByRole('button', { name: 'Menu' }).press('Enter');
      assert.ok(await nav.getByRole('link', { name: 'Settings' }).isVisible());
      await tab.close();
    }
  });

  it('fetches what is live again, by the only policy that makes markup of text', async () => {
    const tab = await pages.open({ width: 1440, timezoneId: 'Asia/Tokyo' });
    await tab.show('components');
    await tab.page.evaluate(() => { document.querySelector('#live label').textContent = 'old'; });
    await tab.page.locator('#live label', { hasText: '12,500 of 40,000 rows' }).waitFor();
    const refused = await tab.page.evaluate(() => { try { document.body.innerHTML = '<b>x</b>'; } catch (error) { return String(error); } return 'taken'; });
    assert.match(refused, /TrustedHTML/);
    await tab.close();
    pages.problems.splice(0, pages.problems.length, ...pages.problems.filter((text) => !/TrustedHTML/.test(text))); // that one was meant
  });

  it('says times in the zone of the viewer', async () => {
    const tab = await pages.open({ width: 1440, timezoneId: 'Asia/Tokyo' });
    await tab.show('components');
    assert.match(await tab.page.locator('time[data-time=moment]').first().innerText(), /2 Apr 2026, 18:30/);
    await tab.close();
  });

  it('had nothing stopped by its policy, and no error', () => {
    const typed = /^The specified value "2026-13-01" does not conform/; // a day that somebody wrote into an address
    assert.deepEqual(pages.problems.filter((text) => !typed.test(text.replace(/^\S+: /, ''))), []);
  });
});
