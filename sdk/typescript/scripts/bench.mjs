// What a guard adds to a handler, in Go and on Node, beside each other: session and time-bound token, both checked offline, on one
// processor, without a network. `node scripts/bench.mjs`, after a build.
import { execFileSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { createGuard, forFetch } from '@stepup-auth/server';
import { openIssuer } from '@stepup-auth/server/testing';

const seconds = Number(process.argv[2] ?? 2);

/** Requests per second of a handler, one after the other. */
const measure = async (handler, headers) => {
  const request = () => handler(new Request('https://bank.example/profile', { method: 'POST', headers }));
  for (let i = 0; i < 500; i += 1) await request(); // until it is compiled
  const from = performance.now();
  let n = 0;
  for (; performance.now() - from < seconds * 1000; n += 1) {
    const { status } = await request();
    if (status !== 204) throw new Error(`answered ${status}`);
  }
  return (n / (performance.now() - from)) * 1000;
};

const node = async () => {
  const issuer = await openIssuer();
  const guard = createGuard({ verifier: issuer.verifier(), offlineOnly: true });
  const bare = () => new Response(null, { status: 204 });
  const headers = { authorization: `Bearer ${issuer.session()}`, 'elevated-access-token': issuer.token({ scopes: ['user:update'], timeBound: true }) };
  const found = { bare: await measure(bare, headers), guarded: await measure(forFetch(guard).require('user:update')(bare), headers) };
  await issuer.close();
  return found;
};

const go = () => {
  const root = fileURLToPath(new URL('../../..', import.meta.url));
  const text = execFileSync('go', ['test', '-run', '^$', '-bench', 'Guard', '-benchtime', `${seconds}s`, '-cpu', '1', '.'], { cwd: root, encoding: 'utf8' });
  const of = (name) => 1e9 / Number(new RegExp(`BenchmarkGuard/${name}\\S*\\s+\\d+\\s+([\\d.]+) ns/op`).exec(text)[1]);
  return { bare: of('bare'), guarded: of('guarded') };
};

console.log(`${'guard'.padEnd(8)}${'bare/s'.padStart(12)}${'guarded/s'.padStart(12)}${'added µs'.padStart(12)}`);
for (const [name, { bare, guarded }] of [['Go', go()], ['Node', await node()]]) {
  console.log(`${name.padEnd(8)}${bare.toFixed(0).padStart(12)}${guarded.toFixed(0).padStart(12)}${(1e6 / guarded - 1e6 / bare).toFixed(0).padStart(12)}`);
}
