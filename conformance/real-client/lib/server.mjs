// Starts ./serve on a free port, and stops it.
import { execFileSync, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const serve = fileURLToPath(new URL('../serve', import.meta.url));
const environment = '11111111-2222-4333-8444-555555555555';
const startLimit = 600_000; // the first start compiles the server

export const freePort = () =>
  new Promise((resolve, reject) => {
    const probe = net.createServer().on('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const { port } = probe.address();
      probe.close(() => resolve(port));
    });
  });

/** A new empty database on the server that url names: an environment's version is for life, so no two starts share one. */
export const freshDatabase = (url) => {
  const name = `e2e_${randomUUID().replaceAll('-', '')}`;
  execFileSync('createdb', ['--maintenance-db', url, name]);
  const fresh = new URL(url);
  fresh.pathname = `/${name}`;
  return fresh.href;
};

/**
 * settings are the variables ./serve reads, without the ports. sinkPort is where the outside world answers, if it does.
 * The database is SQLite unless settings name one: what the surroundings name may hold another server's keys.
 */
export const startServer = async ({ smtpPort, sinkPort: given, ...settings }) => {
  const port = await freePort();
  const sinkPort = given ?? await freePort(); // nobody listens there
  let log = '';
  const child = spawn(serve, {
    env: { ...process.env, DATABASE_URL: '', ...settings, PORT: String(port), SMTP_PORT: String(smtpPort), SINK_PORT: String(sinkPort) },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk) => { log = (log + chunk).slice(-20_000); });
  const ended = new Promise((resolve) => { child.on('exit', (code, signal) => resolve(signal ?? code)); });
  let gone = false;
  let stopping = false;
  ended.then(() => { gone = true; });

  const origin = `http://127.0.0.1:${port}`;
  const until = Date.now() + startLimit;
  const ready = () => fetch(`${origin}/readyz`).then((r) => r.ok, () => false);
  while (!gone && !(await ready())) {
    if (Date.now() > until) { child.kill('SIGKILL'); gone = true; }
    await sleep(100);
  }
  if (gone) throw new Error(`the server did not start (${await ended}):\n${log}`);

  const apiBase = `${origin}/api/v0`;
  const issuer = `${apiBase}/sdk/${environment}`;
  return {
    origin,
    apiBase,
    environment,
    issuer,
    /** One request by hand: {status, headers, body}. */
    call: async (method, path, { body, ...headers } = {}) => {
      const response = await fetch(issuer + path, {
        method,
        headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
        body: body === undefined ? undefined : JSON.stringify(body),
      });
      const text = await response.text();
      return { status: response.status, headers: response.headers, body: text ? JSON.parse(text) : undefined };
    },
    log: () => log,
    stopping: () => stopping,
    /** Asks the server to stop and answers how it ended: 0 is a graceful stop. */
    stop: async () => {
      stopping = true;
      child.kill('SIGTERM');
      const kill = setTimeout(() => child.kill('SIGKILL'), 15_000);
      const how = await ended;
      clearTimeout(kill);
      return how;
    },
  };
};
