// The example service of this tree, examples/go-service: a bank that the guard stands before.
import { execFileSync, spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { freePort } from '../../../../conformance/real-client/lib/server.mjs';

const root = fileURLToPath(new URL('../../../..', import.meta.url));
const startLimit = 30_000;

/** Builds and starts it for an environment. tokenFile has the service token with which it consumes. */
export const startBank = async (issuer, tokenFile) => {
  const binary = `${root}bin/go-service`;
  execFileSync('go', ['build', '-o', binary, './examples/go-service'], { cwd: root, env: { ...process.env, CGO_ENABLED: '0' } });
  const listen = `127.0.0.1:${await freePort()}`;
  const child = spawn(binary, { env: { ISSUER: issuer, SERVICE_TOKEN_FILE: tokenFile, LISTEN: listen }, stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk) => { log += chunk; });
  const ended = new Promise((resolve) => { child.on('exit', resolve); });
  const stop = async () => {
    child.kill('SIGTERM');
    await ended;
  };
  const origin = `http://${listen}`;
  const until = Date.now() + startLimit;
  while (!(await fetch(`${origin}/healthz`).then((r) => r.ok, () => false))) {
    if (child.exitCode !== null || Date.now() > until) {
      await stop();
      throw new Error(`the bank did not start:\n${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return { origin, stop };
};
