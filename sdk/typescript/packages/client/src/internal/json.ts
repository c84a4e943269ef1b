import { InvalidResponseError } from '../errors/InvalidResponseError.js';

/** Parses what came from outside. A member `__proto__` is left out: copying it would change the copy's prototype. */
export const parseJSON = (text: string): unknown => {
  try {
    return JSON.parse(text, (key, value: unknown) => (key === '__proto__' ? undefined : value));
  } catch (cause) {
    throw new InvalidResponseError('The answer is no JSON.', cause);
  }
};

/** The value if it is an object of its own, else an empty one. */
export const objectOf = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};

/** A member of an answer, never one of its prototype. */
export const memberOf = (value: unknown, name: string): unknown => (Object.hasOwn(objectOf(value), name) ? objectOf(value)[name] : undefined);

export const textOf = (value: unknown, name: string): string | undefined => {
  const member = memberOf(value, name);
  return typeof member === 'string' ? member : undefined;
};

/** Reads an answer as a model; what does not fit is refused as a whole. */
export const read = <T>(fromJSON: (json: unknown) => T, json: unknown): T => {
  try {
    return fromJSON(json);
  } catch (cause) {
    throw new InvalidResponseError(`The answer is none of the API: ${cause instanceof Error ? cause.message : 'it has another shape'}`, cause);
  }
};

/** Reads a member of an answer as a list of a model. */
export const readList = <T>(fromJSON: (json: unknown) => T, json: unknown, name: string): T[] =>
  read((value) => {
    const list = memberOf(value, name);
    if (!Array.isArray(list)) throw new TypeError(`${name} is not a list.`);
    return list.map(fromJSON);
  }, json);
