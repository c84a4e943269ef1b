// What the sets of conformance/cases have in common: see README.md there.
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';

/** When a case begins that does not say so, in seconds. */
export const clock = 1_800_000_000;

/** A set: its files, and what its cases name. */
export const openSet = (set) => {
  const folder = new URL(`../../../../conformance/cases/${set}/`, import.meta.url);
  const json = (file) => JSON.parse(readFileSync(new URL(file, folder), 'utf8'));
  const answers = json('vectors/answers.json');
  const tokens = new Map(json('vectors/tokens.json').map((one) => [one.name, one]));
  /** Puts tokens in place of their names. */
  const expand = (value) => {
    if (typeof value === 'string') return value.replaceAll(/\{([a-z0-9-]+)\}/g, (whole, name) => tokens.get(name)?.token ?? whole);
    if (Array.isArray(value)) return value.map(expand);
    return value && typeof value === 'object' ? Object.fromEntries(Object.entries(value).map(([name, member]) => [name, expand(member)])) : value;
  };
  return {
    json, answers, tokens, expand,
    /** Every case there is: `file.json: name`, and the case with what its file gives. */
    cases: () => readdirSync(folder).filter((file) => file.endsWith('.json') && file !== 'schema.json').flatMap((file) => {
      const { given, cases } = json(file);
      return cases.map((one) => [`${file}: ${one.name}`, { ...one, given: { ...given, ...one.given } }]);
    }),
    /** An answer of the network as it is written out; one that fails is the error. */
    answer: (answer) => {
      let said = typeof answer === 'string' ? answers[answer] : answer;
      if (!said) throw new Error(`there is no answer ${answer}`);
      if (said.answer) {
        const named = answers[said.answer];
        said = { ...named, body: Object.fromEntries(Object.entries({ ...named.body, ...said.body }).filter(([, value]) => value !== null)) };
      }
      if (said.fails) throw new TypeError('fetch failed', { cause: { code: 'ECONNRESET' } });
      return said;
    },
  };
};

/** The network of a case: `answers` by method and path below the issuer. Notes what was asked, and what it has no answer to. */
export const openNetwork = (issuer, answerOf) => {
  const answered = new Map();
  const network = {
    answers: {}, requests: [], strange: [],
    reset: (answers) => {
      network.answers = answers ?? {};
      answered.clear();
    },
    fetch: async (url, { method = 'GET', headers = {}, body } = {}) => {
      const to = `${method} ${url.startsWith(issuer) ? url.slice(issuer.length) : url}`;
      network.requests.push({ to, headers: new Headers(headers), body });
      const list = network.answers[to];
      if (!list) {
        network.strange.push(`a request to ${to}`);
        throw new TypeError('no such address');
      }
      const n = answered.get(to) ?? 0;
      answered.set(to, n + 1);
      return answerOf(list[Math.min(n, list.length - 1)]);
    },
  };
  return network;
};

/** Lets what goes on in the background come to its end. */
export const settled = async () => {
  for (let turn = 0; turn < 8; turn += 1) await new Promise((resolve) => { setImmediate(resolve); });
};

export const plain = (value) => JSON.parse(JSON.stringify(value));

/** Compares with what a case expects, of which some texts are the same in all of it. */
export const comparison = () => {
  const same = new Map();
  const equal = (want, got) => {
    if (Array.isArray(want)) return Array.isArray(got) && want.length === got.length && want.every((one, i) => equal(one, got[i]));
    if (want === null || typeof want !== 'object') return want === (got ?? null) || isDeepStrictEqual(want, got);
    if ('$any' in want) return got !== undefined && got !== null;
    if ('$match' in want) return typeof got === 'string' && new RegExp(`^(?:${want.$match})$`).test(got);
    if ('$same' in want) {
      if (same.has(want.$same)) return same.get(want.$same) === got;
      const fresh = ![...same.values()].includes(got); // what has another name is something else
      same.set(want.$same, got);
      return Boolean(got) && fresh;
    }
    if (got === null || typeof got !== 'object' || Array.isArray(got)) return false;
    return isDeepStrictEqual(Object.keys(want).sort(), Object.keys(got).sort()) && Object.keys(want).every((name) => equal(want[name], got[name]));
  };
  return equal;
};

/** Writes the verdicts for scripts/cases.sh, if they are wanted. */
export const writeVerdicts = (name, verdicts) => {
  const into = process.env.CASES_RESULTS;
  if (into) writeFileSync(`${into}/${name}.json`, JSON.stringify(verdicts));
};
