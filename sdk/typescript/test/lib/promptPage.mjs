// A browser with the prompt on a page under the strictest policy, in any of its states.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { appOrigin } from './app.mjs';
import { often, openBrowser } from './browser.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** What the hosted page allows, and an app that is strict. */
const policy = (connect) =>
  `default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src ${connect}; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; ` +
  `require-trusted-types-for 'script'; trusted-types stepup`;

const css = `body { margin: 0; font: 16px/1.5 sans-serif; background: #eef0f4; color: #222 } main { padding: 24px; max-width: 480px; margin: auto } html[data-theme=dark] body { background: #0c0e12; color: #ddd }`;
const page = `<!doctype html><html lang="en"><title>App</title><link rel="stylesheet" href="/app.css"><meta name="viewport" content="width=device-width"><script type="module" src="/app.js"></script><main></main></html>`;

/** Bundles a script as an app would be, in chunks, and starts a browser in which localhost is a page with it. */
export const openPages = async (contents, { connect = () => `'none'`, ...options } = {}) => {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: root },
    outdir: '/', entryNames: 'app', bundle: true, splitting: true, format: 'esm', platform: 'browser', write: false, minify: true, logLevel: 'silent', ...options,
  });
  const files = new Map(outputFiles.map(({ path, contents: bytes }) => [path, Buffer.from(bytes)]));
  return openBrowser((request, response) => {
    if (request.url === '/app.css') return response.writeHead(200, { 'content-type': 'text/css' }).end(css);
    const file = files.get(request.url);
    if (file) return response.writeHead(200, { 'content-type': 'text/javascript' }).end(file);
    return response.writeHead(200, { 'content-type': 'text/html; charset=utf-8', 'content-security-policy': policy(connect()) }).end(page);
  });
};

/** The prompt in its states, which test/prompt/states.mjs lists. */
export const openStates = async () => {
  const { browser, close } = await openPages(`import { show, states } from './test/prompt/states.mjs'; Object.assign(globalThis, { show, states });`);
  const problems = [];
  const open = async ({ width, height, ...options }) => {
    const context = await browser.newContext({ viewport: { width, height }, deviceScaleFactor: 1.5, ...options });
    const tab = await context.newPage();
    tab.on('pageerror', (error) => problems.push(String(error)));
    tab.on('console', (message) => problems.push(message.text()));
    await tab.goto(appOrigin);
    await tab.waitForFunction(() => globalThis.show, null, often);
    return { page: tab, show: (name, how) => tab.evaluate(([n, h]) => show(n, h), [name, how]), close: () => context.close() };
  };
  return {
    problems,
    open,
    close,
    blank: async ({ width, height }) => (await browser.newContext({ viewport: { width: Math.ceil(width), height } })).newPage(),
    names: async () => {
      const tab = await open({ width: 400, height: 400 });
      const names = await tab.page.evaluate(() => Object.keys(states));
      await tab.close();
      return names;
    },
    axe: readFileSync(`${root}node_modules/axe-core/axe.min.js`, 'utf8'),
  };
};
