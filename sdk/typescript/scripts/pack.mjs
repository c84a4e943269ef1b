// Packs the built packages into artifacts/sdk/ of the repository, in place of what was there.
import { execFileSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const into = fileURLToPath(new URL('../../../artifacts/sdk', import.meta.url));
rmSync(into, { recursive: true, force: true });
mkdirSync(into, { recursive: true });
execFileSync('npm', ['pack', '--workspaces', '--ignore-scripts', '--pack-destination', into], { cwd: root, stdio: ['ignore', 'inherit', 'ignore'] });
