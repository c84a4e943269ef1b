// A browser with the prompt on a page under the strictest policy, in any of its states.
import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('../..', import.meta.url));

export const executablePath = () => {
  for (const name of ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable']) {
    try {
      return execFileSync('which', [name], { encoding: 'utf8' }).trim();
    } catch {
      // the next one
    }
  }
  throw new Error('There is no Chromium here; type: apt-get install -y chromium');
};

export const browserArguments = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'];

/** What the hosted page allows, and an app that is strict. */
export const policy = (connect = `'none'`) =>
  `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src ${connect}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; ` +
  `require-trusted-types-for 'script'; trusted-types stepup`;

/** Bundles a script as an app would be, in chunks, and answers them by their path. */
export const bundle = async (contents) => {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    outdir: '/', entryNames: 'app', bundle: true, splitting: true, format: 'esm', platform: 'browser', write: false, minify: true, logLevel: 'silent',
  });
  return new Map(outputFiles.map(({ path, contents: bytes }) => [path, Buffer.from(bytes)]));
};

const css = `body { margin: 0; font: 16px/1.5 sans-serif; background: #eef0f4; color: #222 } main { padding: 24px; max-width: 480px; margin: auto } html[data-theme=dark] body { background: #0c0e12; color: #ddd }`;
const page = `<!doctype html><html lang="en"><title>App</title><link rel="stylesheet" href="/app.css"><meta name="viewport" content="width=device-width"><script type="module" src="/app.js"></script><main></main></html>`;

/** Serves one page with its chunks. */
export const serve = async (files, { html = page, connect } = {}) => {
  const server = http.createServer((request, response) => {
    if (request.url === '/app.css') return response.writeHead(200, { 'content-type': 'text/css' }).end(css);
    const file = files.get(request.url);
    if (file) return response.writeHead(200, { 'content-type': 'text/javascript' }).end(file);
    return response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy(connect?.()) }).end(html);
  }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  return { origin: `http://127.0.0.1:${server.address().port}`, port: server.address().port, close: () => { server.closeAllConnections(); server.close(); } };
};

export const openStates = async () => {
  const files = await bundle(`import { show, states } from './test/prompt/states.mjs'; Object.assign(globalThis, { show, states });`);
  const site = await serve(files);
  const browser = await chromium.launch({ executablePath: executablePath(), args: browserArguments });
  const problems = [];
  const open = async ({ width, height, ...options }) => {
    const context = await browser.newContext({ viewport: { width, height }, deviceScaleFactor: 1.5, bypassCSP: false, ...options });
    const tab = await context.newPage();
    tab.on('pageerror', (error) => problems.push(String(error)));
    tab.on('console', (message) => problems.push(message.text()));
    await tab.goto(site.origin);
    await tab.waitForFunction(() => globalThis.show, null, { polling: 50 });
    return { page: tab, show: (name, how) => tab.evaluate(([n, h]) => show(n, h), [name, how]), close: () => context.close() };
  };
  return {
    problems,
    open,
    blank: async (viewport) => (await browser.newContext({ viewport: { width: Math.ceil(viewport.width), height: viewport.height } })).newPage(),
    names: async () => {
      const tab = await open({ width: 400, height: 400 });
      const names = await tab.page.evaluate(() => Object.keys(states));
      await tab.close();
      return names;
    },
    axe: readFileSync(`${root}node_modules/axe-core/axe.min.js`, 'utf8'),
    close: async () => {
      await browser.close();
      site.close();
    },
  };
};
