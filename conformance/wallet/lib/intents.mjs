// The wallet service's reading of signing requests, in Go: see ../intents.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';

/** Starts the reader: ask({chain, key, body}) answers as ../intents says. The body may be text, to be sent as it is. */
export const startIntents = () => {
  const folder = mkdtempSync(join(tmpdir(), 'intents-'));
  const bin = join(folder, 'intents');
  const built = spawnSync('go', ['build', '-o', bin, '.'], { cwd: fileURLToPath(new URL('../intents', import.meta.url)), encoding: 'utf8' });
  if (built.status !== 0) throw new Error(built.stderr);
  const child = spawn(bin, { stdio: ['pipe', 'pipe', 'inherit'] });
  const waiting = [];
  createInterface({ input: child.stdout }).on('line', (line) => waiting.shift().resolve(JSON.parse(line)));
  child.on('exit', (code) => { for (const { reject } of waiting.splice(0)) reject(new Error(`intents ended with ${code}`)); });
  const send = (line) => new Promise((resolve, reject) => {
    waiting.push({ resolve, reject });
    child.stdin.write(`${line}\n`);
  });
  return {
    ask: ({ chain = 'EVM', key, body }) => {
      const text = typeof body === 'string' ? body : JSON.stringify(body, (_, v) => (typeof v === 'bigint' ? `${v}` : v));
      return send(`{"chain":"${chain}","key":"${key}","body":${text}}`);
    },
    /** Reads the bytes of a Solana message. */
    parse: (bytes) => send(JSON.stringify({ parse: Buffer.from(bytes).toString('hex') })),
    /** Seals the key to exportPublicKey, as bytes. */
    export: ({ exportPublicKey, ...more }) => send(JSON.stringify({ ...more, exportPublicKey: Buffer.from(exportPublicKey).toString('base64') })),
    stop: () => { child.stdin.end(); rmSync(folder, { recursive: true, force: true }); },
  };
};
