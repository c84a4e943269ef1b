// Draws every state of the prompt: two widths, light and dark, and right-to-left; each as a picture, and all of a kind on a contact
// sheet. `node scripts/screenshots.mjs [state…]`, after a build.
import { mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
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
    const sheet = await states.blank({ width: 5 * (width / 1.6 + 16) + 16, height: 800 });
    const drawn = pictures.map(({ name, picture }) => `<figure><img src="data:image/png;base64,${picture}" width="${width / 1.6}"><figcaption>${name}</figcaption></figure>`).join('');
    await sheet.setContent(`<style>body{margin:16px;display:flex;flex-wrap:wrap;gap:16px;font:13px sans-serif;background:#888}figure{margin:0}</style>${drawn}`);
    writeFileSync(`${into}/sheet-${kind}.png`, await sheet.screenshot({ fullPage: true }));
    await sheet.close();
  }
  console.log(`${names.length} states in ${Object.keys(kinds).length} kinds, in artifacts/screenshots`);
} finally {
  await states.close();
}
