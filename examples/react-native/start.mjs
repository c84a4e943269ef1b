// `npm start`: everything that this app needs to run in a browser, on this machine, until Ctrl-C. It packs the SDK of this tree, installs it,
// starts stepup in development mode with the example bank if none is running, lets the page's origin in, bundles the app for
// react-native-web, and serves it.
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { fileURLToPath } from 'node:url';
import { admit, install, pack, serve } from '../lib/start.mjs';

const here = fileURLToPath(new URL('.', import.meta.url));
const { PORT = '8080', APP_PORT = '5174' } = process.env;
const page = `http://localhost:${APP_PORT}`;

install(here, pack());
const child = await serve();
for (const environment of ['11111111-2222-4333-8444-555555555555', '11111111-2222-4333-8444-666666666666']) await admit(page, environment);

const { context } = await import('esbuild'); // which was not there before
const bundle = await context({
  absWorkingDir: here,
  entryPoints: { app: 'index.web.tsx' },
  outdir: 'web',
  write: false,
  bundle: true, splitting: true, format: 'esm', platform: 'browser', jsx: 'automatic', sourcemap: 'inline',
  alias: { 'react-native': 'react-native-web' },
  resolveExtensions: ['.web.tsx', '.web.ts', '.web.js', '.tsx', '.ts', '.mjs', '.js'],
  define: { 'process.env.NODE_ENV': '"development"', __DEV__: 'true', STEPUP_URL: JSON.stringify(`http://localhost:${PORT}`) },
  logLevel: 'warning',
});
await bundle.rebuild();
const site = http.createServer(async (request, response) => {
  const name = new URL(request.url, page).pathname;
  const { outputFiles } = await bundle.rebuild();
  const file = outputFiles.find(({ path }) => path.endsWith(`/web${name}`));
  if (file) return response.writeHead(200, { 'content-type': 'text/javascript; charset=utf-8' }).end(file.contents);
  if (name !== '/') return response.writeHead(404).end();
  return response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end(readFileSync(`${here}index.html`));
});
site.listen(Number(APP_PORT), 'localhost', () => {
  console.log(`Codes that stepup "sends" are in http://localhost:${PORT}/dev/inbox`);
  console.log(`The app: ${page}/`);
});
const stop = () => {
  site.close();
  site.closeAllConnections();
  void bundle.dispose();
  child?.kill('SIGTERM');
};
process.on('SIGINT', stop).on('SIGTERM', stop);
child?.on('exit', stop);
