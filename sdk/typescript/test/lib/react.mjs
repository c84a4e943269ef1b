// React of either major version with our package on it, and a page to draw on.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { JSDOM } from 'jsdom';

const root = fileURLToPath(new URL('..', import.meta.url));

export const majors = { 18: { react: 'react18', 'react-dom': 'react-dom18' }, 19: {} };

const imports = { '@dynamic-labs-sdk/client': '@stepup-auth/client', '@dynamic-labs/sdk-react-core': '@stepup-auth/react', '@dynamic-labs/sdk-api-core': '@stepup-auth/core' };

/** The guide's code, which imports the vendor's packages, with nothing but those imports changed. */
export const guideOf = {
  name: 'guide',
  setup: ({ onLoad }) => {
    onLoad({ filter: /[\\/]guide[\\/].*\.(jsx|mjs)$/ }, ({ path }) => {
      let contents = readFileSync(path, 'utf8');
      for (const [theirs, ours] of Object.entries(imports)) contents = contents.replaceAll(`from '${theirs}'`, `from '${ours}'`);
      assert.doesNotMatch(contents, /dynamic/i);
      return { contents, loader: 'jsx' };
    });
  },
};

/** Bundles React with our package and loads both; the client stays the one that the tests import. */
export const loadReact = async (major, more = '') => {
  const folder = mkdtempSync(`${root}imports-changed-`);
  try {
    const contents = `
      export * as React from 'react';
      export { createRoot, hydrateRoot } from 'react-dom/client';
      export { renderToString } from 'react-dom/server';
      export * as ours from '@stepup-auth/react';
      export * as compat from '@stepup-auth/react/compat';
      ${more}`;
    await build({
      stdin: { contents, resolveDir: root },
      outfile: `${folder}/react.mjs`,
      bundle: true, format: 'esm', platform: 'node', jsx: 'automatic', logLevel: 'silent',
      alias: majors[major],
      external: ['@stepup-auth/client', '@stepup-auth/core'],
      plugins: [guideOf],
      banner: { js: `import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);` },
    });
    return await import(pathToFileURL(`${folder}/react.mjs`));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

/** Waits until something is so. */
export const until = async (what) => {
  for (const end = Date.now() + 10_000; ; await new Promise(setImmediate)) {
    const value = what();
    if (value) return value;
    assert.ok(Date.now() < end, `never came: ${what}`);
  }
};

/** A page, which is there from open() to close(), and what React complained about on it. */
export const newPage = ({ React, createRoot, hydrateRoot, ours }) => {
  const complaints = [];
  const mounted = new Set();
  let dom;
  let error;
  const open = () => {
    dom = new JSDOM('<!doctype html><body></body>', { url: 'http://localhost:3000' });
    Object.assign(globalThis, { window: dom.window, document: dom.window.document });
    ({ error } = console);
    console.error = (...values) => complaints.push(values.map(String).join(' '));
  };
  const close = async () => {
    for (const unmount of mounted) unmount();
    await new Promise(setImmediate);
    console.error = error;
    delete globalThis.window;
    delete globalThis.document;
    dom.window.close();
    assert.deepEqual(complaints, []);
  };

  /** Draws an element, in StrictMode. Text is what stands there. */
  const draw = (element, { html } = {}) => {
    const container = document.body.appendChild(document.createElement('div'));
    let wanted = 1;
    let effective = 0;
    const Whole = ({ turn, children }) => {
      React.useEffect(() => { effective = turn; }, [turn]);
      return children;
    };
    const whole = (inner) => React.createElement(React.StrictMode, null, React.createElement(Whole, { turn: wanted }, inner));
    const strict = whole(element);
    let page;
    if (html === undefined) (page = createRoot(container)).render(strict);
    else {
      container.innerHTML = html;
      page = hydrateRoot(container, strict, { onRecoverableError: (problem) => complaints.push(`recovered: ${problem}`) });
    }
    const unmount = () => {
      mounted.delete(unmount);
      page.unmount();
    };
    mounted.add(unmount);
    return {
      container,
      unmount,
      text: () => container.textContent,
      click: (selector = 'button') => container.querySelector(selector).click(),
      /** Waits until what was drawn last is there, and its effects have run. */
      settled: () => until(() => effective === wanted),
      redraw: (next) => {
        wanted += 1;
        page.render(whole(next));
      },
    };
  };

  /** Uses a hook below a provider, and keeps what each drawing got. */
  const use = async (hook, props, Provider = ours.StepUpProvider) => {
    const seen = [];
    const Probe = () => {
      seen.push(hook());
      return null;
    };
    const element = () => React.createElement(Provider, props, React.createElement(Probe));
    const page = draw(element());
    await page.settled();
    return { ...page, seen, get now() { return seen.at(-1); }, redraw: () => page.redraw(element()) };
  };
  return { open, close, draw, use, complaints };
};
