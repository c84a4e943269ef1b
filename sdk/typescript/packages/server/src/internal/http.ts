/** What is asked of `fetch`; a function of yours may stand in its place. */
export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

/** How long an answer is waited for, in milliseconds. */
export const timeout = 5_000;

/** Reads a body of at most `limit` bytes; throws if it is longer. */
export const readAtMost = async (body: ReadableStream<Uint8Array> | null, limit: number): Promise<Buffer> => {
  const chunks: Uint8Array[] = [];
  let length = 0;
  if (body === null) return Buffer.alloc(0);
  const reader = body.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return Buffer.concat(chunks);
    length += value.length;
    if (length > limit) {
      void reader.cancel().catch(() => undefined);
      throw new RangeError(`longer than ${limit} bytes`);
    }
    chunks.push(value);
  }
};

/** What a failed request says of why, for an operator. It names no header and no body. */
export const why = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown';
  const code = (error.cause as { code?: unknown } | undefined)?.code;
  return typeof code === 'string' ? `${error.message} (${code})` : error.message;
};
