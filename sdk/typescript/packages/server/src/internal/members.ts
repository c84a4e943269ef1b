import { JsonError, parseJson, type Value } from './json.js';

/** Names that a reader reads, ready to be compared. */
export interface Names {
  exact: ReadonlySet<string>;
  folded: RegExp;
}

export const namesOf = (...names: string[]): Names => ({
  exact: new Set(names),
  folded: new RegExp(`^(?:${names.map((name) => name.replaceAll(/[$]/g, '\\$&')).join('|')})$`, 'iu'),
});

/** The last second that a claim may name. All of its neighbours are numbers that a double holds. */
const latest = 2 ** 40;

/** Reads the members of an object by type. The first fault is thrown. */
export class Members {
  private readonly members: ReadonlyMap<string, Value>;

  /** Members of `names` must be written exactly so; others are ignored. */
  constructor(value: Value, names: Names) {
    if (value.kind !== 'object') throw new JsonError('type', 'not a JSON object');
    for (const name of value.members.keys()) {
      if (!names.exact.has(name) && names.folded.test(name)) throw new JsonError('case', 'a member is written in another case');
    }
    this.members = value.members;
  }

  static read(document: string | Uint8Array, names: Names): Members {
    return new Members(parseJson(document), names);
  }

  get size(): number {
    return this.members.size;
  }

  get(name: string): Value | undefined {
    return this.members.get(name);
  }

  has(name: string): boolean {
    return this.members.has(name);
  }

  required(name: string): Value {
    return this.members.get(name) ?? fault(name, 'is missing');
  }

  /** A required text that is not empty. */
  text(name: string): string {
    this.required(name);
    return this.optional(name) ?? fault(name, 'is empty');
  }

  /** A text that may be absent, but not of another type; empty is absent. */
  optional(name: string): string | undefined {
    const value = this.members.get(name);
    if (value === undefined) return undefined;
    if (value.kind !== 'text' || value.broken) fault(name, 'is not a string');
    return value.value === '' ? undefined : value.value;
  }

  boolean(name: string): boolean {
    const value = this.required(name);
    return value.kind === 'boolean' ? value.value : fault(name, 'is not a boolean');
  }

  /** A list of texts that may be absent, or null. */
  texts(name: string): string[] {
    const value = this.members.get(name);
    if (value === undefined || value.kind === 'null') return [];
    if (value.kind !== 'list') fault(name, 'is not a list of strings');
    return value.list.map((one) => (one.kind === 'text' && !one.broken ? one.value : fault(name, 'is not a list of strings')));
  }

  /** A required time in whole seconds. Fractions and exponents are refused: readers round them differently. */
  seconds(name: string): number {
    const value = this.required(name);
    const n = value.kind === 'number' && /^\d+$/.test(value.raw) ? Number(value.raw) : -1;
    return n >= 0 && n <= latest ? n : fault(name, 'is not a time in whole seconds');
  }

  /** The claim aud: a text or a list of them (RFC 7519 section 4.1.3), none empty. */
  audience(): string[] {
    if (this.required('aud').kind === 'text') return [this.text('aud')];
    const list = this.texts('aud');
    if (list.length === 0) fault('aud', 'is empty');
    return list.includes('') ? fault('aud', 'has an empty element') : list;
  }
}

/** Says that a member is at fault. */
export function fault(name: string, problem: string): never {
  throw new JsonError('type', `${name} ${problem}`);
}
