import { InvalidParamError } from '../errors/InvalidParamError.js';

/** A path below the environment. What is filled in stays one segment, whatever it holds. */
export const path = (parts: TemplateStringsArray, ...values: string[]): string =>
  parts.reduce((whole, part, i) => whole + segment(values[i - 1]) + part);

const segment = (value: unknown): string => {
  if (typeof value !== 'string' || value === '' || /^\.{1,2}$/.test(value)) throw new InvalidParamError('An id is no id.');
  return encodeURIComponent(value);
};
