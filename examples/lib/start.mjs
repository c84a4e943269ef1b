// What starting an example takes: the SDK of this tree packed and installed, stepup in development mode with the example bank, and the page's
// origin let in.
import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const { PORT = '8080', SERVICE_PORT = '8090', DATA = join(root, '.stepup-dev') } = process.env;
const server = `http://127.0.0.1:${PORT}`;
const stepup = join(root, 'bin/stepup');

const run = (command, args, options = {}) => execFileSync(command, args, { cwd: root, stdio: 'inherit', ...options });
const newest = (folder) => Math.max(0, ...readdirSync(folder, { recursive: true }).map((name) => statSync(join(folder, name)).mtimeMs));
const answers = (url) => fetch(url).then((response) => response.ok, () => false);

/** Packs the packages, unless what is packed is newer than their sources; answers when they were packed. */
export function pack() {
  const packed = join(root, 'artifacts/sdk');
  const sources = ['core', 'client', 'react', 'react-native'].map((name) => newest(join(root, 'sdk/typescript/packages', name, 'src')));
  if (!existsSync(packed) || newest(packed) < Math.max(...sources)) run('scripts/sdk.sh', []);
  return newest(packed);
}

/** Installs what package-lock.json of a folder says, and the packages anew once they are packed anew. */
export function install(here, packed) {
  const scope = join(here, 'node_modules/@stepup-auth');
  const lock = join(here, 'node_modules/.installed-lock');
  const done = join(here, 'node_modules/.installed-packages');
  const [wanted, had] = [join(here, 'package-lock.json'), lock].map((file) => (existsSync(file) ? readFileSync(file, 'utf8') : undefined));
  if (wanted !== had) {
    run('npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: here });
    writeFileSync(lock, wanted);
  } else if (!existsSync(done) || readFileSync(done, 'utf8') !== String(packed)) {
    for (const name of readdirSync(scope)) {
      rmSync(join(scope, name), { recursive: true });
      mkdirSync(join(scope, name));
      run('tar', ['-xzf', join(root, `artifacts/sdk/stepup-auth-${name}-0.1.0.tgz`), '--strip-components=1', '-C', join(scope, name)]);
    }
  }
  writeFileSync(done, String(packed));
}

/** Starts stepup and the bank, unless they run. */
export async function serve() {
  if (await answers(`${server}/readyz`)) return undefined;
  const child = spawn('scripts/run.sh', [], { cwd: root, stdio: 'inherit', env: { ...process.env, PORT, SERVICE_PORT, DATA } });
  while (!(await answers(`${server}/readyz`))) {
    if (child.exitCode !== null) process.exit(1); // it has said why
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  return child;
}

/** Lets the page call: its origin must stand in each environment's document, for calls and for passkeys. */
export async function admit(page, environment) {
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
