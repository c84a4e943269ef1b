// Compiles the packages in the order in which they need each other, and bundles the prompt with the libraries that it stands on.
import { execFileSync } from 'node:child_process';
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { bundlePrompt } from './prompt.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
for (const name of ['core', 'client', 'react', 'react-native', 'server']) {
  rmSync(`${root}packages/${name}/dist`, { recursive: true, force: true });
  execFileSync(process.execPath, [`${root}node_modules/typescript/bin/tsc`, '-p', `${root}packages/${name}`], { stdio: 'inherit' });
}
await bundlePrompt(`${root}packages/client/dist`);
