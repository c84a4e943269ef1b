import type { Admission } from './createGuard.js';
import { admissions } from './internal/admissions.js';

/**
 * Why a request was let through: its caller, what the token says, and the operation id under which it was spent. Ask with what the
 * framework gives its handlers: the request of Express and Fastify, the context of Hono.
 *
 * @throws Error for a request that no guard let through.
 * @example
 * ```ts
 * import { admissionOf } from '@stepup-auth/server';
 * import type { Request, Response } from 'express';
 *
 * const transfer = (request: Request, response: Response) => {
 *   const { claims, operation } = admissionOf(request);
 *   response.status(201).json({ by: claims?.subject, operation });
 * };
 * console.log(typeof transfer);
 * ```
 */
export const admissionOf = (request: object): Admission => {
  const admission = admissions.get(request);
  if (admission === undefined) throw new Error('no guard let this request through: does its route have require or signedIn?');
  return admission;
};
