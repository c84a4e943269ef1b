// What prompts must open with in every language, conformance/cases/prompt, in the component; and with its rules broken one at a time.
import assert from 'node:assert/strict';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { after, before, describe, it } from 'node:test';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { writeVerdicts } from './lib/frame.mjs';

const root = fileURLToPath(new URL('..', import.meta.url));
const set = new URL('../../../conformance/cases/prompt/', import.meta.url);
const cases = readdirSync(set).filter((file) => file.endsWith('.json') && file !== 'schema.json').flatMap((file) =>
  JSON.parse(readFileSync(new URL(file, set), 'utf8')).cases.map((one) => [`${file}: ${one.name}`, one]));

let folder;
let n = 0;
before(() => { folder = mkdtempSync(`${root}test/imports-changed-`); });
after(() => rmSync(folder, { recursive: true, force: true }));

/** The flow of the prompt, which draws nothing; with one line of it changed. */
const flow = async ({ file, from, to } = {}) => {
  const broken = { name: 'broken', setup: ({ onLoad }) => onLoad({ filter: new RegExp(`/prompt/${file ?? 'no such file'}\\.ts$`) }, ({ path }) => {
    const text = readFileSync(path, 'utf8');
    assert.equal(text.split(from).length, 2, `${file}.ts has ${JSON.stringify(from)} once`);
    return { contents: text.replace(from, () => to), loader: 'ts' };
  }) };
  const outfile = `${folder}/${n += 1}.mjs`;
  await build({ entryPoints: [`${root}packages/client/src/prompt/flow.ts`], outfile, plugins: [broken], bundle: true, format: 'esm', platform: 'node', logLevel: 'silent' });
  return (await import(pathToFileURL(outfile))).Flow;
};

const run = async (Flow, one) => {
  const { view } = one.given;
  const [{ call, expect }, ...more] = one.steps;
  assert.deepEqual([call, more], ['open', []], 'this runner does not know the call');
  const nothing = async () => ({});
  const endpoints = { read: async () => view, sendCode: nothing, passkey: { prepare: nothing }, enrol: { totp: {}, passkey: {} } };
  const prompt = new Flow({ endpoints, verified: () => {}, closed: () => {}, changed: () => {}, findWallets: async () => [], now: () => 0 });
  await prompt.start();
  const { screen } = prompt.state;
  const got = {
    screen: screen.name,
    ...(screen.credential ? { credential: screen.credential.id } : {}),
    ways: prompt.offers.map(({ id }) => id),
    ...(prompt.recovery ? { recovery: true } : {}),
    ...(prompt.enrollable.length ? { enrol: prompt.enrollable } : {}),
    ...(screen.why ? { why: screen.why } : {}),
  };
  assert.deepEqual(got, expect);
};

describe('conformance/cases/prompt', () => {
  const verdicts = {};
  let Flow;
  before(async () => { Flow = await flow(); });
  after(() => writeVerdicts('prompt.client', verdicts));

  it('is there', () => assert.ok(cases.length > 30));
  for (const [name, one] of cases) {
    it(name, async () => {
      verdicts[name] = 'FAILED';
      await run(Flow, one);
      verdicts[name] = 'ok';
    });
  }
});

describe('a prompt that lacks a rule is noticed', () => {
  for (const { rule, ...where } of [
    { rule: 'what is not known is not offered', file: 'offers', from: 'known.has(format) && ', to: '' },
    { rule: 'what shows nothing is not offered where it must', file: 'offers', from: "(displayed === true || !view.binding?.mustDisplay) && ", to: '' },
    { rule: 'no passkey where they do not work', file: 'offers', from: "(format !== 'passkey' || view.passkeys?.usable !== false)", to: 'true' },
    { rule: 'the default one first', file: 'offers', from: 'Number(b.id === view.defaultCredentialId) - Number(a.id === view.defaultCredentialId)', to: '0' },
    { rule: 'nothing while it cools down', file: 'offers', from: "if (reason === 'cooling_down') return 'cooling_down';", to: '' },
    { rule: 'disputed only where nothing is left', file: 'offers', from: "reason === 'disputed' && credentials.length === 0", to: "reason === 'disputed'" },
    { rule: 'second factors first', file: 'flow', from: 'first && isMfa(first) ? first : offers.find(isMfa)', to: 'first' },
    { rule: 'one way is not chosen from', file: 'flow', from: '(offers.length === 1 ? offers[0] : undefined)', to: 'undefined' },
    { rule: 'no recovery code for what must be shown', file: 'flow', from: ' && !this.asking.binding?.mustDisplay', to: '' },
    { rule: 'a way to enrol is offered', file: 'flow', from: 'if (this.enrollable.length > 0)', to: 'if (false)' },
  ]) {
    it(rule, async () => {
      const Flow = await flow(where);
      const noticed = [];
      for (const [name, one] of cases) await run(Flow, one).catch(() => noticed.push(name));
      assert.ok(noticed.length > 0, 'no case notices');
    });
  }
});
