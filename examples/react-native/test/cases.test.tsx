// What prompts must open with in every language, conformance/cases/prompt, in the components of React Native: what is read is what is drawn.
// And with their rules broken one at a time.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { transformSync } from '@babel/core';
import { act, cleanup, fireEvent, render, type RenderResult } from '@testing-library/react-native';

const set = join(__dirname, '../../../conformance/cases/prompt');
const sdk = join(__dirname, '../node_modules/@stepup-auth');

interface Case {
  readonly name: string;
  readonly given: { readonly view: object };
  readonly steps: readonly [{ readonly call: string; readonly expect: object }];
}

const cases = readdirSync(set).filter((file) => file.endsWith('.json') && file !== 'schema.json').flatMap((file) =>
  (JSON.parse(readFileSync(join(set, file), 'utf8')) as { cases: Case[] }).cases.map((one) => [`${file}: ${one.name}`, one] as const));

interface Drawing {
  readonly Ask: any;
  readonly Shown: any;
}

const ours = [join(sdk, 'react-native/dist/prompt'), join(sdk, 'client/dist/prompt')];
const compiled = new Map<string, string>();

/** The components, with one line of one of their files changed; `flow` is what they share with the web component. */
const drawing = ({ file, from, to }: { file?: string; from?: string; to?: string } = {}): Drawing => {
  let changed = 0;
  const loaded = new Map<string, { exports: object }>();
  const load = (path: string): object => {
    if (!ours.some((folder) => path.startsWith(folder))) return require(path);
    const known = loaded.get(path);
    if (known) return known.exports;
    const module = { exports: {} as object };
    loaded.set(path, module);
    let text = readFileSync(path, 'utf8');
    const isIt = file && (file === 'flow' ? path.startsWith(ours[1]!) && text.includes(from!) : path.endsWith(`/${file}.js`));
    if (isIt) {
      expect(text.split(from!)).toHaveLength(2);
      text = text.replace(from!, () => to!);
      changed += 1;
    }
    const code = compiled.get(text) ?? transformSync(text, { filename: path, presets: ['module:@react-native/babel-preset'], babelrc: false, configFile: false, sourceMaps: false })!.code!;
    compiled.set(text, code);
    const find = (name: string): object => {
      if (name === '@stepup-auth/client/prompt/headless') return load(join(ours[1]!, 'headless.js'));
      return load(name.startsWith('.') ? join(path, '..', name) : require.resolve(name));
    };
    new Function('module', 'exports', 'require', code)(module, module.exports, find);
    return module.exports;
  };
  const parts = { ...load(join(ours[0]!, 'asks.js')), ...load(join(ours[0]!, 'Shown.js')) } as unknown as Drawing;
  expect(changed).toBe(file ? 1 : 0);
  return parts;
};

/** What is drawn. */
const read = async (shown: RenderResult, ask: { flow: any }) => {
  const screenNow = (): string => shown.getByTestId(/^stepup-screen-/).props['testID'].slice('stepup-screen-'.length);
  const listed = (): string[] => shown.queryAllByTestId(/^stepup-way-/).map((way) => String(way.props['testID']).slice('stepup-way-'.length));
  const name = screenNow();
  const { screen } = ask.flow.state;
  const others = shown.queryByText('Try another way');
  if (others) await fireEvent.press(others);
  const ways = others || name === 'choose' ? listed() : ask.flow.offers.map(({ id }: { id: string }) => id); // a lone one, or none that is drawn
  let enrol = name === 'enrol' ? listed() : [];
  if (ways.includes('enrol')) {
    await fireEvent.press(shown.getByTestId('stepup-way-enrol'));
    enrol = listed();
  }
  return {
    screen: name,
    ...(screen.credential ? { credential: screen.credential.id } : {}),
    ways: ways.filter((way: string) => way !== 'recovery' && way !== 'enrol'),
    ...(ways.includes('recovery') || name === 'recovery' ? { recovery: true } : {}),
    ...(enrol.length ? { enrol: ask.flow.enrollable.filter((factor: string) => enrol.includes(factor)) } : {}), // drawn in an order of its own
    ...(screen.why ? { why: screen.why } : {}),
  };
};

const open = async ({ Ask, Shown }: Drawing, { given: { view }, steps: [{ call, expect: wanted }, ...more] }: Case): Promise<void> => {
  expect([call, more]).toEqual(['open', []]);
  const nothing = async () => ({});
  const endpoints = { read: async () => view, sendCode: nothing, passkey: { prepare: nothing }, enrol: { totp: {}, passkey: {} }, cancel: nothing };
  const ask = new Ask(endpoints, { findWallets: async () => [] }, new AbortController().signal, () => {});
  ask.answered.catch(() => {});
  const shown = await render(<Shown ask={ask} reduced language="en" />);
  await act(async () => { await ask.flow.start(); });
  const got = await read(shown, ask);
  await cleanup();
  expect(got).toEqual(wanted);
};

describe('conformance/cases/prompt', () => {
  const verdicts: Record<string, string> = {};
  const components = drawing();
  afterAll(() => {
    const into = process.env['CASES_RESULTS'];
    if (into) writeFileSync(join(into, 'prompt.react-native.json'), JSON.stringify(verdicts));
  });

  it('is there', () => expect(cases.length).toBeGreaterThan(30));
  it.each(cases)('%s', async (name, one) => {
    verdicts[name] = 'FAILED';
    await open(components, one);
    verdicts[name] = 'ok';
  });
});

describe('a prompt that lacks a rule is noticed', () => {
  it.each([
    { rule: 'what shows nothing is not offered where it must', file: 'flow', from: '(displayed === true || !view.binding?.mustDisplay)', to: 'true' },
    { rule: 'no passkey where they do not work', file: 'flow', from: "(format !== \"passkey\" || view.passkeys?.usable !== false)", to: 'true' },
    { rule: 'nothing while it cools down', file: 'flow', from: 'if (reason === "cooling_down")', to: 'if (false)' },
    { rule: 'a recovery code is offered', file: 'methods', from: 'flow.recovery && ', to: 'false && ' },
    { rule: 'every way is listed', file: 'methods', from: 'flow.offers.map(', to: 'flow.offers.slice(0, 1).map(' },
    { rule: 'in the order of the flow', file: 'methods', from: 'flow.offers.map(', to: '[...flow.offers].reverse().map(' },
    { rule: 'a way to enrol is offered', file: 'methods', from: 'flow.enrollable.length > 0', to: 'false' },
    { rule: 'a factor that can be enrolled is offered', file: 'enrolment', from: "flow.enrollable.includes('totp')", to: 'false' },
  ])('$rule', async (where) => {
    const components = drawing(where);
    const noticed: string[] = [];
    for (const [name, one] of cases) {
      await open(components, one).catch(() => noticed.push(name));
      await cleanup();
      if (noticed.length) break;
    }
    expect(noticed).not.toEqual([]);
  });
});
