import type { IncomingMessage, ServerResponse } from 'node:http';
import type { RequireOption } from './boundTo.js';
import type { Guard, Judge } from './createGuard.js';
import { admissions } from './internal/admissions.js';
import { readStream, textOf } from './internal/body.js';
import { rawHeaders } from './internal/node.js';
import type { GuardRequest } from './requests.js';

/** What is needed of a request of Express. */
export type ExpressRequest = IncomingMessage & { originalUrl?: string; body?: unknown; /** A parser of Express 4 leaves the body alone then. */ _body?: boolean };

export type ExpressMiddleware = (request: ExpressRequest, response: ServerResponse, next: (error?: unknown) => void) => void;

/**
 * A guard as middleware of Express, or of anything else with its `(request, response, next)`. Handlers find out more with `admissionOf`.
 *
 * Put it before parsers: token and scope are judged before the body is read. With `boundTo`, which reads it, a parser may stand before the
 * guard; where none does, what the guard read as JSON is in `request.body` for your handler.
 *
 * @example
 * ```ts
 * import { admissionOf, forExpress, type Guard } from '@stepup-auth/server';
 * import express from 'express';
 *
 * const app = (guard: Guard) => {
 *   const { require, signedIn } = forExpress(guard);
 *   return express()
 *     .get('/accounts', signedIn, (request, response) => void response.json(admissionOf(request).caller))
 *     .post('/transfers', require('transfer:create'), express.json(), (_, response) => void response.json({ done: true }));
 * };
 * console.log(typeof app);
 * ```
 */
export const forExpress = (guard: Guard): { require: (scope: string, option?: RequireOption) => ExpressMiddleware; signedIn: ExpressMiddleware } => ({
  require: (scope, option) => middleware(guard.require(scope, option)),
  signedIn: middleware(guard.signedIn),
});

const middleware = (judge: Judge): ExpressMiddleware => (request, response, next) => {
  judge(read(request)).then(({ admission, answer }) => {
    if (admission) {
      admissions.set(request, admission);
      next();
      return;
    }
    response.writeHead(answer.status, answer.headers);
    response.end(answer.body);
  }).catch(next);
};

const read = (request: ExpressRequest): GuardRequest => {
  const text = async (): Promise<string> => {
    const parsed = textOf(request.body);
    if (parsed !== undefined) return parsed;
    if (request.body !== undefined) throw new TypeError('a parser has read the body: ask for json()');
    const read = await readStream(request);
    request.body = read;
    request._body = true;
    return read;
  };
  return {
    method: request.method ?? 'GET',
    target: request.originalUrl ?? request.url ?? '/',
    headers: rawHeaders(request),
    text,
    json: async () => {
      if (request.body === undefined || textOf(request.body) !== undefined) request.body = JSON.parse(await text());
      return request.body;
    },
    native: request,
  };
};
