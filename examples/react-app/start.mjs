// `npm start`: everything that this app needs, on this machine, until Ctrl-C. It packs the SDK of this tree, installs it, starts stepup in
// development mode with the example bank if none is running, lets the page's origin in, and serves the page.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = join(here, '../..');
const { PORT = '8080', SERVICE_PORT = '8090', APP_PORT = '5173', DATA = join(root, '.stepup-dev') } = process.env;
const server = `http://127.0.0.1:${PORT}`;
const page = `http://localhost:${APP_PORT}`;
const environments = ['11111111-2222-4333-8444-555555555555', '11111111-2222-4333-8444-666666666666'];
const stepup = join(root, 'bin/stepup');

const run = (command, args, options = {}) => execFileSync(command, args, { cwd: root, stdio: 'inherit', ...options });
const newest = (folder) => Math.max(0, ...readdirSync(folder, { recursive: true }).map((name) => statSync(join(folder, name)).mtimeMs));
const answers = (url) => fetch(url).then((response) => response.ok, () => false);

/** Packs the packages, unless what is packed is newer than their sources. */
function pack() {
  const packed = join(root, 'artifacts/sdk');
  const sources = ['core', 'client', 'react'].map((name) => newest(join(root, 'sdk/typescript/packages', name, 'src')));
  if (!existsSync(packed) || newest(packed) < Math.max(...sources)) run('scripts/sdk.sh', []);
  return newest(packed);
}

/** Installs what package-lock.json says, and the packages anew once they are. */
function install(packed) {
  const done = join(here, 'node_modules/.installed');
  const wanted = `${packed} ${readFileSync(join(here, 'package-lock.json'), 'utf8')}`;
  if (existsSync(done) && readFileSync(done, 'utf8') === wanted) return;
  run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: here });
  writeFileSync(done, wanted);
}

/** Starts stepup and the bank, unless they run. */
async function serve() {
  if (await answers(`${server}/readyz`)) return undefined;
  const child = spawn('scripts/run.sh', [], { cwd: root, stdio: 'inherit', env: { ...process.env, PORT, SERVICE_PORT, DATA } });
  while (!(await answers(`${server}/readyz`))) {
    if (child.exitCode !== null) process.exit(1); // it has said why
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return child;
}

/** Lets the page call: its origin must stand in each environment's document, for calls and for passkeys. */
async function admit(environment) {
  const asks = { method: 'OPTIONS', headers: { Origin: page, 'Access-Control-Request-Method': 'GET' } };
  const admitted = async () => (await fetch(`${server}/api/v0/sdk/${environment}/settings`, asks)).headers.get('access-control-allow-origin') === page;
  if (await admitted()) return;
  if (!existsSync(stepup)) run('go', ['build', '-o', 'bin/', './cmd/stepup'], { env: { ...process.env, CGO_ENABLED: '0' } });
  const operate = (...args) => run(stepup, ['--dev', '--data', DATA, 'env', ...args], { stdio: ['pipe', 'pipe', 'inherit'], encoding: 'utf8', input: document });
  let document = '';
  document = operate('show', environment).replace(/^( *)origins:\n/gm, (line, indent) => `${line}${indent}  - ${page}\n`);
  operate('apply', '-');
  if (!(await admitted())) throw new Error(`The server at ${server} keeps its data elsewhere: say where with DATA, or add ${page} to the origins of ${environment}.`);
}

install(pack());
const child = await serve();
for (const environment of environments) await admit(environment);
console.log(`Codes that stepup "sends" are in http://localhost:${PORT}/dev/inbox`);
const vite = spawn(process.execPath, [join(here, 'node_modules/vite/bin/vite.js')], {
  cwd: here, stdio: 'inherit', env: { ...process.env, APP_PORT, BANK_URL: `http://127.0.0.1:${SERVICE_PORT}`, VITE_STEPUP_URL: `http://localhost:${PORT}` },
});
const stop = () => {
  vite.kill('SIGTERM');
  child?.kill('SIGTERM');
};
process.on('SIGINT', stop).on('SIGTERM', stop);
vite.on('exit', stop);
child?.on('exit', stop);
