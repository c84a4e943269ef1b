// What guards must do in every language, conformance/cases/guards, in @stepup-auth/server: through each framework, and with its rules
// broken one at a time.
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import * as sdk from '@stepup-auth/server';
import { guardCases, openFrameworks, runCase } from './lib/cases.mjs';
import { writeVerdicts } from './lib/frame.mjs';
import { mutants } from './lib/mutants.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const cases = guardCases();

describe('conformance/cases/guards', () => {
  let frameworks;
  const verdicts = {};
  before(async () => {
    frameworks = await openFrameworks();
  });
  after(async () => {
    await frameworks.close();
    writeVerdicts('guards.server', verdicts);
  });

  it('is there', () => assert.ok(cases.length > 400, `${cases.length} cases`));
  for (const [name, one] of cases) {
    it(name, async () => {
      verdicts[name] = 'FAILED';
      const framed = one.steps.some(({ call }) => ['require', 'signedIn'].includes(call));
      for (const framework of framed ? Object.keys(frameworks.serves) : ['fetch']) {
        assert.deepEqual(await runCase(sdk, one, frameworks.serves[framework]), [], framework);
      }
      verdicts[name] = 'ok';
    });
  }
});

describe('a guard that lacks a rule is noticed', () => {
  let frameworks;
  before(async () => {
    frameworks = await openFrameworks();
  });
  after(() => frameworks.close());

  for (const { rule, file, from, to } of mutants) {
    it(rule, async (t) => {
      const folder = mkdtempSync(`${root}test/imports-changed-`);
      try {
        cpSync(`${root}packages/server/dist`, folder, { recursive: true });
        const text = readFileSync(`${folder}/${file}.js`, 'utf8');
        assert.equal(text.split(from).length, 2, `${file}.js has ${JSON.stringify(from)} once`);
        writeFileSync(`${folder}/${file}.js`, text.replace(from, () => to));
        writeFileSync(`${folder}/package.json`, '{"type":"module"}');
        const broken = await import(pathToFileURL(`${folder}/index.js`));
        for (const [name, one] of cases) {
          if ((await runCase(broken, one, frameworks.serves.fetch)).length > 0) {
            t.diagnostic(`caught by ${name}`);
            return;
          }
        }
        assert.fail('no case notices');
      } finally {
        rmSync(folder, { recursive: true, force: true });
      }
    });
  }
});
