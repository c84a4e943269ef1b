/** How deep a text may nest. */
export const depth = 16;

export type JsonProblem = 'syntax' | 'depth' | 'duplicate' | 'case' | 'text' | 'type';

/** Says what is wrong with a text, and nothing of what stands in it. */
export class JsonError extends Error {
  readonly problem: JsonProblem;

  constructor(problem: JsonProblem, message: string) {
    super(message);
    this.problem = problem;
  }
}

/** One value of a JSON text, with the text that it was written as. */
export type Value =
  | { kind: 'null'; raw: string }
  | { kind: 'boolean'; raw: string; value: boolean }
  | { kind: 'number'; raw: string }
  | { kind: 'text'; raw: string; value: string; /** has half of a surrogate pair, about which readers differ */ broken: boolean }
  | { kind: 'list'; raw: string; list: Value[] }
  | { kind: 'object'; raw: string; members: Map<string, Value> };

const space = /[ \t\r\n]*/y;
const word = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const string = /"[^"\\\u0000-\u001f]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[^"\\\u0000-\u001f]*)*"/y;

/**
 * Reads JSON so that one text has one meaning (RFC 8259, RFC 8725 section 3.7): no member twice at any depth, valid UTF-8, a bounded
 * depth, numbers with all their digits.
 */
export const parseJson = (document: string | Uint8Array): Value => {
  const text = decode(document);
  let at = 0;
  const skip = (pattern: RegExp): string => {
    pattern.lastIndex = at;
    const found = pattern.exec(text)?.[0] ?? '';
    at += found.length;
    return found;
  };
  const wrong = () => new JsonError('syntax', 'not JSON');
  /** Skips a character with the space around it, if it comes next. */
  const next = (c: string): boolean => {
    skip(space);
    if (text[at] !== c) return false;
    at += 1;
    skip(space);
    return true;
  };
  const readText = (): Value & { kind: 'text' } => {
    const raw = skip(string);
    if (raw === '') throw wrong();
    const value = raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1);
    return { kind: 'text', raw, value, broken: !value.isWellFormed() };
  };
  const read = (left: number): Value => {
    const start = at;
    const c = text[at];
    if (c === '"') return readText();
    if (c === '{' || c === '[') {
      if (left <= 0) throw new JsonError('depth', 'nested too deeply');
      const list: Value[] = [];
      const members = new Map<string, Value>();
      const end = c === '{' ? '}' : ']';
      at += 1;
      skip(space);
      if (text[at] !== end) {
        do {
          if (c === '{') {
            const name = readText();
            if (name.broken) throw new JsonError('text', 'a \\u escape stands for no character');
            if (members.has(name.value)) throw new JsonError('duplicate', 'a member appears twice');
            if (!next(':')) throw wrong();
            members.set(name.value, read(left - 1));
          } else list.push(read(left - 1));
        } while (next(','));
      }
      if (text[at] !== end) throw wrong();
      at += 1;
      const raw = text.slice(start, at);
      return c === '{' ? { kind: 'object', raw, members } : { kind: 'list', raw, list };
    }
    const raw = skip(word);
    if (raw === '') throw wrong();
    if (raw === 'null') return { kind: 'null', raw };
    if (raw === 'true' || raw === 'false') return { kind: 'boolean', raw, value: raw === 'true' };
    return { kind: 'number', raw };
  };
  skip(space);
  const value = read(depth);
  skip(space);
  if (at !== text.length) throw wrong();
  return value;
};

const decode = (document: string | Uint8Array): string => {
  try {
    const text = typeof document === 'string' ? document : new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(document);
    if (text.isWellFormed()) return text;
  } catch {
    // as below
  }
  throw new JsonError('syntax', 'not JSON: not UTF-8');
};
