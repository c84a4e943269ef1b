import type { IncomingMessage } from 'node:http';
import type { RequireOption } from './boundTo.js';
import type { Guard, Judge } from './createGuard.js';
import { admissions } from './internal/admissions.js';
import { textOf } from './internal/body.js';
import { rawHeaders } from './internal/node.js';
import type { GuardRequest } from './requests.js';

/** What is needed of a request of Fastify. */
export interface FastifyRequest {
  raw: IncomingMessage;
  body?: unknown;
}

/** What is needed of a reply of Fastify. */
export interface FastifyReply {
  code(status: number): unknown;
  headers(values: Record<string, string>): unknown;
  send(body: string): unknown;
}

export type FastifyHook = (request: FastifyRequest, reply: FastifyReply) => Promise<unknown>;

/**
 * A guard as hooks of Fastify. Handlers find out more with `admissionOf`. Give a route `onRequest: require('transfer:create')`, and the
 * token is judged before the body is read; with `boundTo`, which needs the body, give it `preHandler`.
 *
 * @example
 * ```ts
 * import { admissionOf, boundTo, forFastify, type Guard } from '@stepup-auth/server';
 * import fastify from 'fastify';
 *
 * const app = (guard: Guard) => {
 *   const { require, signedIn } = forFastify(guard);
 *   const server = fastify();
 *   server.get('/accounts', { onRequest: signedIn }, async (request) => admissionOf(request).caller);
 *   server.post('/transfers', { preHandler: require('transfer:create', boundTo((request) => request.json())) }, async () => ({ done: true }));
 *   return server;
 * };
 * console.log(typeof app);
 * ```
 */
export const forFastify = (guard: Guard): { require: (scope: string, option?: RequireOption) => FastifyHook; signedIn: FastifyHook } => ({
  require: (scope, option) => hook(guard.require(scope, option)),
  signedIn: hook(guard.signedIn),
});

const hook = (judge: Judge): FastifyHook => async (request, reply) => {
  const { admission, answer } = await judge(read(request));
  if (admission) {
    admissions.set(request, admission);
    return undefined;
  }
  reply.code(answer.status);
  reply.headers(answer.headers);
  return reply.send(answer.body);
};

const read = (request: FastifyRequest): GuardRequest => {
  const text = async (): Promise<string> => {
    if (request.body === undefined) throw new TypeError('there is no body here: boundTo belongs into a preHandler, behind the parser');
    const parsed = textOf(request.body);
    if (parsed === undefined) throw new TypeError('a parser has read the body: ask for json()');
    return parsed;
  };
  return {
    method: request.raw.method ?? 'GET',
    target: request.raw.url ?? '/',
    headers: rawHeaders(request.raw),
    text,
    json: async () => (request.body === undefined || textOf(request.body) !== undefined ? (JSON.parse(await text()) as unknown) : request.body),
    native: request,
  };
};
