// Before `npm start`: packs @stepup-auth/server of this tree and installs it, unless what is installed is newer than its sources.
import { execFileSync } from 'node:child_process';
import { readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = fileURLToPath(new URL('.', import.meta.url));
const sources = join(here, '../../sdk/typescript/packages/server/src');
const installed = join(here, 'node_modules/@stepup-auth/server');

const newest = Math.max(...readdirSync(sources, { recursive: true }).map((name) => statSync(join(sources, name)).mtimeMs));
const from = statSync(join(installed, 'package.json'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
if (from < newest) {
  rmSync(installed, { recursive: true, force: true });
  for (const [command, ...args] of [['make', '-s', '-C', '../..', 'sdk'], ['npm', 'install', '--no-package-lock', '--no-audit', '--no-fund']]) {
    execFileSync(command, args, { cwd: here, stdio: 'inherit' });
  }
}
