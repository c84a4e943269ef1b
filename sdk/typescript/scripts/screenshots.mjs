// Draws every state of the prompt: two widths, light and dark, and right-to-left; and every page of the console: a phone and a desk,
// light and dark. Each is a picture, and all of a kind are on a contact sheet. `node scripts/screenshots.mjs [name…]`, after a build.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { openConsole } from '../test/lib/consolePages.mjs';
import { openStates } from '../test/lib/promptPage.mjs';

const into = fileURLToPath(new URL('../../../artifacts/screenshots', import.meta.url));
const only = process.argv.slice(2);
rmSync(into, { recursive: true, force: true });
mkdirSync(into, { recursive: true });

const kinds = {
  'wide-light': { width: 560, height: 720, theme: 'light' },
  'wide-dark': { width: 560, height: 720, theme: 'dark' },
  'narrow-light': { width: 320, height: 640, theme: 'light' },
  'narrow-dark': { width: 320, height: 640, theme: 'dark' },
  'wide-rtl': { width: 560, height: 720, theme: 'light', dir: 'rtl' },
};

const sheet = async (blank, kind, pictures, across) => {
  const page = await blank({ width: 5 * (across + 16) + 16, height: 800 });
  const drawn = pictures.map(({ name, picture }) => `<figure><img src="data:image/png;base64,${picture}" width="${across}"><figcaption>${name}</figcaption></figure>`).join('');
  await page.setContent(`<style>body{margin:16px;display:flex;flex-wrap:wrap;align-items:start;gap:16px;font:13px sans-serif;background:#888}figure{margin:0}</style>${drawn}`);
  writeFileSync(`${into}/sheet-${kind}.png`, await page.screenshot({ fullPage: true }));
  await page.close();
};

const states = await openStates();
try {
  const names = (await states.names()).filter((name) => only.length === 0 || only.includes(name));
  for (const [kind, { width, height, ...how }] of Object.entries(kinds)) {
    const tab = await states.open({ width, height });
    const pictures = [];
    for (const name of names) {
      await tab.show(name, how);
      const picture = await tab.page.screenshot({ path: `${into}/${kind}-${name}.png` });
      pictures.push({ name, picture: picture.toString('base64') });
    }
    await tab.close();
    await sheet(states.blank, kind, pictures, width / 1.6);
  }
  console.log(`${names.length} states in ${Object.keys(kinds).length} kinds, in artifacts/screenshots`);
} finally {
  await states.close();
}

const desk = await openConsole();
try {
  const names = desk.names.filter((name) => only.length === 0 || only.includes(name));
  for (const colorScheme of ['light', 'dark']) {
    for (const width of [360, 1440]) {
      const kind = `console-${width}-${colorScheme}`;
      const tab = await desk.open({ width, height: 800, colorScheme });
      const pictures = [];
      for (const name of names) {
        await tab.show(name);
        const picture = await tab.page.screenshot({ path: `${into}/${kind}-${name}.png`, fullPage: true });
        pictures.push({ name, picture: picture.toString('base64') });
      }
      await tab.close();
      await sheet(desk.blank, kind, pictures, width === 360 ? 240 : 480);
    }
  }
  console.log(`${names.length} pages of the console, in artifacts/screenshots`);
} finally {
  await desk.close();
}
