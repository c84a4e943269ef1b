import type { IncomingMessage } from 'node:http';

/** The values of a header of Node's, one for each time that it stands there: `headers` joins them, or drops all but one. */
export const rawHeaders = ({ rawHeaders: raw }: IncomingMessage) => (name: string): string[] =>
  raw.filter((_, i) => i % 2 === 1 && raw[i - 1]?.toLowerCase() === name);
