// Bundles the compiled prompt of @stepup-auth/client with Preact and the QR encoder, so that the package needs neither. What lies
// outside of prompt/ stays where it is: the prompt and the app must have the same clients.
import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build, transform } from 'esbuild';

export const bundlePrompt = async (dist) => {
  const folder = resolve(dist, 'prompt');
  const { outputFiles } = await build({
    entryPoints: [`${folder}/index.js`, `${folder}/builtIn.js`, `${folder}/headless.js`],
    outdir: folder,
    bundle: true, splitting: true, write: false, format: 'esm', target: 'es2022', platform: 'browser', legalComments: 'inline',
    chunkNames: 'chunks/[name]-[hash]',
    plugins: [{
      name: 'prompt',
      setup: ({ onResolve, onLoad }) => {
        onResolve({ filter: /^\./ }, ({ path, resolveDir }) => {
          const inside = relative(folder, resolve(resolveDir, path));
          return inside.startsWith('..') && resolveDir.startsWith(folder) ? { path: `stepup:${inside}`, external: true, sideEffects: false } : undefined;
        });
        onLoad({ filter: /[\\/]prompt[\\/]styles\.js$/ }, async ({ path }) => {
          const { css } = await import(pathToFileURL(path));
          const { code } = await transform(css, { loader: 'css', minify: true, target: 'es2022' });
          return { contents: `export const css = ${JSON.stringify(code.trim())};` };
        });
      },
    }],
  });
  for (const name of readdirSync(folder, { recursive: true })) if (/\.js(\.map)?$/.test(name)) rmSync(resolve(folder, name));
  for (const { path, text } of outputFiles) {
    mkdirSync(resolve(path, '..'), { recursive: true });
    const up = relative(resolve(path, '..'), folder);
    writeFileSync(path, text.replaceAll(/^import "[^"]+";\n/gm, '').replaceAll(/"stepup:([^"]+)"/g, (_, inside) => JSON.stringify(up ? `${up}/${inside}` : inside)));
  }
};
