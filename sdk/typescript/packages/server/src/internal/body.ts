import type { Readable } from 'node:stream';
import { DeniedError } from '../errors/DeniedError.js';
import { readAtMost } from './http.js';

/** The longest body that is read to compare it with what a token is bound to. */
export const maxBody = 1 << 20;

const long = () => new Error(`its body is longer than ${maxBody} bytes`);

/** Reads the body of a request as text. */
export const readBody = async (stream: ReadableStream<Uint8Array> | null): Promise<string> => {
  let bytes;
  try {
    bytes = await readAtMost(stream, maxBody);
  } catch (error) {
    if (error instanceof RangeError) throw long();
    throw new DeniedError({ kind: 'unavailable', message: `reading the request's body: ${(error as Error).message}` });
  }
  return decode(bytes);
};

/** The same of a request of Node's. */
export const readStream = async (stream: Readable): Promise<string> => {
  const chunks: Uint8Array[] = [];
  let length = 0;
  let tooLong = false;
  try {
    for await (const chunk of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<Uint8Array>) { // the answer still goes out
      length += chunk.length;
      tooLong ||= length > maxBody;
      if (tooLong) break;
      chunks.push(chunk);
    }
  } catch (error) {
    throw new DeniedError({ kind: 'unavailable', message: `reading the request's body: ${(error as Error).message}` });
  }
  if (tooLong) throw long();
  return decode(Buffer.concat(chunks));
};

/** A body that a parser before the guard has read as text or bytes; undefined if it made something else of it. */
export const textOf = (body: unknown): string | undefined => {
  if (typeof body !== 'string' && !Buffer.isBuffer(body)) return undefined;
  if (Buffer.byteLength(body) > maxBody) throw long();
  return typeof body === 'string' ? body : decode(body);
};

const decode = (bytes: Uint8Array): string => new TextDecoder('utf-8', { fatal: true }).decode(bytes);
