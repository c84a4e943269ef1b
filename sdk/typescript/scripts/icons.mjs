// Draws the prompt's icons as images of 72 px for React Native, which draws no paths without a native module: `node scripts/icons.mjs`,
// after a build, with Chromium. It writes packages/react-native/src/prompt/iconImages.ts.
import { writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { deflateSync } from 'node:zlib';
import { iconPaths } from '@stepup-auth/client/prompt/headless';
import { chromium } from 'playwright-core';

const side = 72;

const crcOf = (bytes) => {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let n = 0; n < 8; n += 1) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return ~crc >>> 0;
};
const chunk = (name, data) => {
  const body = Buffer.concat([Buffer.from(name), data]);
  const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  crc.writeUInt32BE(crcOf(body));
  return Buffer.concat([length, body, crc]);
};
/** A PNG of black in sixteen steps of opacity. */
const png = (opacities) => {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  header.set([4, 3], 8); // four bits a pixel, of a palette
  const rows = Buffer.alloc(side * (1 + side / 2));
  opacities.forEach((opacity, at) => {
    const x = at % side;
    rows[Math.floor(at / side) * (1 + side / 2) + 1 + (x >> 1)] |= Math.round(opacity / 17) << (x % 2 ? 0 : 4);
  });
  const steps = Buffer.from(Array.from({ length: 16 }, (_, n) => n * 17));
  return Buffer.concat([
    Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]), chunk('IHDR', header), chunk('PLTE', Buffer.alloc(48)), chunk('tRNS', steps),
    chunk('IDAT', deflateSync(rows, { level: 9 })), chunk('IEND', Buffer.alloc(0)),
  ]);
};

const browser = await chromium.launch({ executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox'] });
const page = await browser.newPage();
const lines = [];
for (const [name, path] of Object.entries(iconPaths)) {
  const opacities = await page.evaluate(async ([d, size]) => {
    const image = new Image();
    image.src = `data:image/svg+xml,${encodeURIComponent(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24" width="${size}" height="${size}" fill="none" stroke="#000" stroke-width="1.75" stroke-linecap="round" stroke-linejoin="round"><path d="${d}"/></svg>`)}`;
    await image.decode();
    const drawing = Object.assign(document.createElement('canvas'), { width: size, height: size }).getContext('2d');
    drawing.drawImage(image, 0, 0, size, size);
    return Array.from(drawing.getImageData(0, 0, size, size).data.filter((_, n) => n % 4 === 3));
  }, [path, side]);
  lines.push(`  ${name}:\n${png(opacities).toString('base64').match(/.{1,120}/g).map((part) => `    '${part}'`).join(' +\n')},`);
}
await browser.close();
writeFileSync(fileURLToPath(new URL('../packages/react-native/src/prompt/iconImages.ts', import.meta.url)), `import type { IconName } from '@stepup-auth/client/prompt/headless';

/** The icons of the prompt, black on nothing, as images that are coloured where they stand. scripts/icons.mjs draws them. */
export const iconImages: Readonly<Record<IconName, string>> = {
${lines.join('\n')}
};
`);
