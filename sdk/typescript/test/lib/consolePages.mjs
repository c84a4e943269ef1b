// Every page of the console with canned data, as internal/console previews them, in the Chromium that is installed.
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openBrowser } from './browser.mjs';

const tree = fileURLToPath(new URL('../../../..', import.meta.url));

/** Builds the preview and serves it until close. */
const servePreview = async () => {
  const folder = mkdtempSync(join(tmpdir(), 'preview-'));
  const binary = join(folder, 'preview');
  execFileSync('go', ['test', '-c', '-o', binary, './internal/console'], { cwd: tree, stdio: ['ignore', 'ignore', 'inherit'] });
  const child = spawn(binary, ['-test.run=^TestPreview$', '-test.timeout=0', '-preview=127.0.0.1:0'], {
    cwd: join(tree, 'internal/console'), stdio: ['ignore', 'pipe', 'inherit'],
  });
  const close = () => {
    child.kill();
    rmSync(folder, { recursive: true, force: true });
  };
  let said = '';
  for await (const chunk of child.stdout) {
    said += chunk;
    const [, origin] = /at (http:\S+)\//.exec(said) ?? [];
    if (origin) {
      child.stdout.destroy();
      return { origin, close };
    }
  }
  close();
  throw new Error(`the preview does not start: ${said}`);
};

export const openConsole = async () => {
  const preview = await servePreview();
  const { browser, close } = await openBrowser((_, response) => response.end());
  const names = [...(await (await fetch(`${preview.origin}/`)).text()).matchAll(/href="\/([^"]+)"/g)].map(([, name]) => name);
  const problems = [];
  return {
    names,
    problems,
    open: async ({ width, height = 900, ...options }) => {
      const context = await browser.newContext({ viewport: { width, height }, reducedMotion: 'reduce', locale: 'en-GB', timezoneId: 'UTC', isMobile: width < 600, ...options });
      const page = await context.newPage();
      let at = '';
      page.on('pageerror', (error) => problems.push(`${at}: ${error}`));
      page.on('console', (message) => problems.push(`${at}: ${message.text()}`));
      return { page, show: (name) => page.goto(`${preview.origin}/${at = name}`), close: () => context.close() };
    },
    blank: async ({ width, height }) => (await browser.newContext({ viewport: { width: Math.ceil(width), height } })).newPage(),
    axe: readFileSync(fileURLToPath(new URL('../../node_modules/axe-core/axe.min.js', import.meta.url)), 'utf8'),
    close: async () => {
      await close();
      preview.close();
    },
  };
};
