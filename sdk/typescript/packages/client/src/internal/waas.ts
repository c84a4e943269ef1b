import type { MFAAction, StepUpBinding } from '@stepup-auth/core';
import { call } from './call.js';
import type { StepUpClient } from './client.js';
import { randomText } from './random.js';

interface Operation {
  readonly method?: 'POST' | 'DELETE';
  readonly path: string;
  readonly body?: object;
  readonly scopes?: readonly string[];
  readonly legacy?: MFAAction;
  readonly binding?: StepUpBinding | undefined;
}

/**
 * Does something with an embedded wallet. Each call is one operation under an id of its own, so that it can be sent again when nobody
 * knows whether it was done.
 */
export const operate = async (client: StepUpClient | undefined, { method = 'POST', path, body, scopes, legacy, binding }: Operation): Promise<unknown> =>
  call(client, {
    method,
    path,
    ...(method === 'DELETE' ? {} : { body: body ?? {} }),
    headers: { 'x-idempotency-key': randomText() },
    repeat: true,
    ...(scopes ? { gate: { scopes, boundTo: binding?.hash, ...(legacy ? { legacy } : {}) } } : {}),
  });
