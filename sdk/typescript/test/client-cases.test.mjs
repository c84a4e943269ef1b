// What clients must do in every language, conformance/cases/clients, in @stepup-auth/client; and with its rules broken one at a time.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import * as sdk from '@stepup-auth/client';
import { hurry } from './lib/chaos.mjs';
import { clientCases, runCase } from './lib/clientCases.mjs';
import { writeVerdicts } from './lib/frame.mjs';
import { mutants } from './lib/clientMutants.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const cases = clientCases();
let timers;
const { BroadcastChannel } = globalThis;
before(() => {
  timers = hurry();
  delete globalThis.BroadcastChannel; // hundreds of clients of one server would tell each other of everything
});
after(() => {
  timers.restore();
  globalThis.BroadcastChannel = BroadcastChannel;
});

describe('conformance/cases/clients', () => {
  const verdicts = {};
  after(() => writeVerdicts('clients.client', verdicts));

  it('is there', () => assert.ok(cases.length > 450, `${cases.length} cases`));
  for (const [name, one] of cases) {
    it(name, async () => {
      verdicts[name] = 'FAILED';
      assert.deepEqual(await runCase(sdk, one), []);
      verdicts[name] = 'ok';
    });
  }
});

describe('a client that lacks a rule is noticed', () => {
  let folder;
  before(() => { folder = mkdtempSync(`${root}test/imports-changed-`); });
  after(() => rmSync(folder, { recursive: true, force: true }));

  for (const [n, { by, rule, file, from, to }] of mutants.entries()) {
    it(rule, async (t) => {
      const broken = { name: 'broken', setup: ({ onLoad }) => onLoad({ filter: new RegExp(`/client/dist/${file}\\.js$`) }, ({ path }) => {
        const text = readFileSync(path, 'utf8');
        assert.equal(text.split(from).length, 2, `${file}.js has ${JSON.stringify(from)} once`);
        return { contents: text.replace(from, () => to) };
      }) };
      const outfile = `${folder}/${n}.mjs`;
      await build({
        entryPoints: [`${root}packages/client/dist/index.js`], outfile, plugins: [broken], bundle: true, format: 'esm', platform: 'node', logLevel: 'silent',
        external: ['@stepup-auth/core', '#prompt'],
      });
      const lacking = await import(pathToFileURL(outfile));
      for (const [name, one] of cases.filter(([name]) => name.startsWith(`${by}.json`))) {
        if ((await runCase(lacking, one)).length > 0) return t.diagnostic(`caught by ${name}`);
      }
      return assert.fail('no case notices');
    });
  }
});
