/** Reads one value of an answer, or throws what is wrong with it. */
export type Read<T> = (value: unknown, where: string) => T;

const fail = (where: string, what: string): never => {
  throw new TypeError(`${where} is not ${what}.`);
};

export const text: Read<string> = (value, where) => (typeof value === 'string' ? value : fail(where, 'a text'));

export const number: Read<number> = (value, where) =>
  typeof value === 'number' && Number.isFinite(value) ? value : fail(where, 'a number');

export const flag: Read<boolean> = (value, where) => (typeof value === 'boolean' ? value : fail(where, 'true or false'));

export const date: Read<Date> = (value, where) => {
  const read = new Date(text(value, where));
  return Number.isNaN(read.getTime()) ? fail(where, 'a date') : read;
};

/** A text that is taken as it is: servers newer than this package know members that it does not. */
export const member = <T extends string>(): Read<T> => text as Read<T>;

export const anything: Read<unknown> = (value) => value;

export const record: Read<object> = (value, where) =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? value : fail(where, 'an object');

export const list =
  <T>(read: Read<T>): Read<T[]> =>
  (value, where) =>
    Array.isArray(value) ? value.map((item, i) => read(item, `${where}[${i}]`)) : fail(where, 'a list');

/** May be left out; null is as if it were. */
export const optional =
  <T>(read: Read<T>): Read<T | undefined> =>
  (value, where) =>
    value === undefined || value === null ? undefined : read(value, where);

/** How a member is read, and under which name it stands on the wire if under another. */
export type Member = Read<unknown> | readonly [wire: string, read: Read<unknown>];

/**
 * Makes the reader of a model. It takes the members that are listed and no others, each from the answer itself and never from
 * its prototype; a member that is absent is absent in what is read.
 */
export const model =
  <T extends object>(name: string, members: { readonly [K in keyof Required<T>]: Member }): ((json: unknown) => T) =>
  (json) => {
    const from = record(json, name) as Record<string, unknown>;
    const made: Record<string, unknown> = {};
    for (const [key, rule] of Object.entries<Member>(members)) {
      const [wire, read] = typeof rule === 'function' ? [key, rule] : rule;
      const value = read(Object.hasOwn(from, wire) ? from[wire] : undefined, `${name}.${wire}`);
      if (value !== undefined) made[key] = value;
    }
    return made as T;
  };

/** A model as a member of another. */
export const nested =
  <T>(fromJSON: (json: unknown) => T): Read<T> =>
  (value) =>
    fromJSON(value);
