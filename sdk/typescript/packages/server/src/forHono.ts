import type { RequireOption } from './boundTo.js';
import type { Guard, Judge } from './createGuard.js';
import { admissions } from './internal/admissions.js';
import { fetchRequest } from './internal/fetchRequest.js';

/** What is needed of a context of Hono. */
export interface HonoContext {
  req: { raw: Request; text(): Promise<string> };
}

export type HonoMiddleware = (context: HonoContext, next: () => Promise<void>) => Promise<Response | void>;

/**
 * A guard as middleware of Hono. Handlers find out more with `admissionOf`, and can still read the body.
 *
 * @example
 * ```ts
 * import { admissionOf, forHono, type Guard } from '@stepup-auth/server';
 * import { Hono } from 'hono';
 *
 * const app = (guard: Guard) => {
 *   const { require, signedIn } = forHono(guard);
 *   return new Hono()
 *     .get('/accounts', signedIn, (context) => context.json(admissionOf(context).caller))
 *     .post('/transfers', require('transfer:create'), (context) => context.json({ done: true }, 201));
 * };
 * console.log(typeof app);
 * ```
 */
export const forHono = (guard: Guard): { require: (scope: string, option?: RequireOption) => HonoMiddleware; signedIn: HonoMiddleware } => ({
  require: (scope, option) => middleware(guard.require(scope, option)),
  signedIn: middleware(guard.signedIn),
});

const middleware = (judge: Judge): HonoMiddleware => async (context, next) => {
  const { admission, answer } = await judge(fetchRequest(context.req.raw, context, () => context.req.text()));
  if (!admission) return new Response(answer.body, { status: answer.status, headers: answer.headers });
  admissions.set(context, admission);
  return next();
};
