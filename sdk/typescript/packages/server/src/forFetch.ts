import type { RequireOption } from './boundTo.js';
import type { Admission, Guard, Judge } from './createGuard.js';
import { admissions } from './internal/admissions.js';
import { fetchRequest } from './internal/fetchRequest.js';

/** A handler of the Fetch standard, which is told why it was let run. What else the framework gives it follows. */
export type GuardedHandler<More extends unknown[]> = (request: Request, admission: Admission, ...more: More) => Response | Promise<Response>;

export type FetchHandler<More extends unknown[]> = (request: Request, ...more: More) => Promise<Response>;

export interface FetchGuard {
  require(scope: string, option?: RequireOption): <More extends unknown[]>(handler: GuardedHandler<More>) => FetchHandler<More>;
  signedIn<More extends unknown[]>(handler: GuardedHandler<More>): FetchHandler<More>;
}

/**
 * A guard around handlers of the Fetch standard: `(request: Request) => Response`, as Next.js, Remix, Deno, Bun and others have them. The
 * body can still be read by the handler.
 *
 * @example
 * ```ts
 * import { forFetch, type Guard } from '@stepup-auth/server';
 *
 * const routes = (guard: Guard) => {
 *   const { require, signedIn } = forFetch(guard);
 *   return {
 *     GET: signedIn((_, { caller }) => Response.json(caller)),
 *     POST: require('transfer:create')(async (request, { operation }) => Response.json({ operation, order: await request.json() })),
 *   };
 * };
 * console.log(typeof routes);
 * ```
 */
export const forFetch = (guard: Guard): FetchGuard => ({
  require: (scope, option) => around(guard.require(scope, option)),
  signedIn: (handler) => around(guard.signedIn)(handler),
});

const around = (judge: Judge) => <More extends unknown[]>(handler: GuardedHandler<More>): FetchHandler<More> => async (request, ...more) => {
  const { admission, answer } = await judge(fetchRequest(request));
  if (!admission) return new Response(answer.body, { status: answer.status, headers: answer.headers });
  admissions.set(request, admission);
  return handler(request, admission, ...more);
};
