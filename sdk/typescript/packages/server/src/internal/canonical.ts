import { parseJson, type Value } from './json.js';

/** Writes a JSON text in its canonical form (RFC 8785). With `exact`, a number that a double does not hold is refused. */
export const writeCanonical = (document: string | Uint8Array, exact: boolean): string => write(parseJson(document), exact);

const write = (value: Value, exact: boolean): string => {
  switch (value.kind) {
    case 'object':
      // The order of JavaScript's texts is that of their UTF-16 code units, as RFC 8785 section 3.2.3 wants it.
      return `{${[...value.members.keys()].sort().map((name) => `${JSON.stringify(name)}:${write(value.members.get(name) as Value, exact)}`).join(',')}}`;
    case 'list':
      return `[${value.list.map((one) => write(one, exact)).join(',')}]`;
    case 'text':
      if (value.broken) throw new Error('a string holds half of a surrogate pair');
      return JSON.stringify(value.value);
    case 'number':
      return number(value.raw, exact);
    default:
      return value.raw;
  }
};

const number = (literal: string, exact: boolean): string => {
  const double = Number(literal);
  if (!Number.isFinite(double)) throw new Error('a number is too large for a double; write it as a string');
  const printed = double === 0 ? '0' : String(double);
  if (exact && !sameNumber(literal, printed)) throw new Error('a number has more digits than a double keeps; write it as a string');
  return printed;
};

/** Compares two JSON numbers as what they say, not as doubles. */
const sameNumber = (literal: string, printed: string): boolean => {
  if (literal.length > 64) return false;
  const [a, b] = [plain(literal), plain(printed)];
  return a.digits === b.digits && (a.digits === '' || (a.negative === b.negative && a.power === b.power));
};

/** A number as its digits without zeros around them, and the power of ten of the last one. */
const plain = (text: string): { negative: boolean; digits: string; power: number } => {
  const [mantissa = '', exponent = '0'] = text.toLowerCase().split('e');
  const [whole = '', fraction = ''] = mantissa.replace('-', '').split('.');
  const all = `${whole}${fraction}`.replace(/^0+/, '');
  const digits = all.replace(/0+$/, '');
  return { negative: mantissa.startsWith('-'), digits, power: Number(exponent) - fraction.length + all.length - digits.length };
};
