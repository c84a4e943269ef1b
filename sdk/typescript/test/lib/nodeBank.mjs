// The example service on Node, examples/node-service, in a folder where it finds the package of this tree.
import { spawn } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../../../conformance/real-client/lib/server.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const example = fileURLToPath(new URL('../../../../examples/node-service/', import.meta.url));

/** A copy of the example beside what it needs. */
export const copyNodeBank = () => {
  const folder = mkdtempSync(`${root}test/imports-changed-`);
  for (const file of readdirSync(example).filter((name) => name.endsWith('.mjs'))) copyFileSync(`${example}${file}`, `${folder}/${file}`);
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
};

/** Starts it for an environment; as startBank does with the one in Go. */
export const startNodeBank = async (issuer, tokenFile) => {
  const { folder, remove } = copyNodeBank();
  const listen = `127.0.0.1:${await freePort()}`;
  const child = spawn(process.execPath, ['main.mjs'], { cwd: folder, env: { ISSUER: issuer, SERVICE_TOKEN_FILE: tokenFile, LISTEN: listen }, stdio: ['ignore', 'ignore', 'pipe'] });
  const ended = once(child, 'exit');
  const stop = async () => {
    child.kill('SIGTERM');
    const [code] = await ended;
    remove();
    return code;
  };
  for await (const line of child.stderr) {
    if (String(line).includes('listens on')) return { origin: `http://${listen}`, stop };
  }
  await stop();
  throw new Error('the bank on Node did not start');
};
