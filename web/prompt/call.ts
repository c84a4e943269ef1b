import type { PromptFailure } from '../../sdk/typescript/packages/client/src/prompt/endpoints.js';
import { prompt } from './arrival.js';

/** What a call was refused with, in the form in which the component reads it. */
export class Refusal extends Error implements PromptFailure {
  constructor(
    readonly code: string,
    message: string,
    readonly status?: number,
    readonly retryAfterSeconds?: number,
    readonly payload: Readonly<Record<string, unknown>> = {},
  ) {
    super(message);
  }
}

const patience = 30_000;

/** Calls a route of the prompt. The cookie goes along by itself, and nothing goes anywhere else. */
export const call = async (path: string, body?: object): Promise<Record<string, unknown>> => {
  let response: Response;
  let text: string;
  try {
    response = await fetch(prompt.base + path, {
      method: body ? 'POST' : 'GET',
      ...(body ? { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) } : {}),
      cache: 'no-store',
      credentials: 'same-origin',
      redirect: 'error',
      signal: AbortSignal.timeout(patience),
    });
    text = await response.text();
  } catch {
    throw new Refusal('network_error', 'The server could not be reached.');
  }
  const json = objectIn(text);
  if (response.ok && json) return json;
  const wait = Number.parseInt(response.headers.get('retry-after') ?? '', 10);
  throw new Refusal(
    typeof json?.['code'] === 'string' ? json['code'] : 'unknown_error',
    typeof json?.['error'] === 'string' ? json['error'] : `The server answered ${response.status}.`,
    response.status,
    Number.isFinite(wait) ? wait : undefined,
    (json?.['payload'] ?? {}) as Record<string, unknown>,
  );
};

const objectIn = (text: string): Record<string, unknown> | undefined => {
  try {
    const json: unknown = JSON.parse(text);
    return typeof json === 'object' && json !== null ? (json as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
};
