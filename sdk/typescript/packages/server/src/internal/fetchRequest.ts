import type { GuardRequest } from '../requests.js';
import { readBody } from './body.js';

/** A request of the Fetch standard as guards read it. `Headers` joins fields with commas, which no token has. */
export const fetchRequest = (request: Request, native: unknown = request, parsed?: () => Promise<string>): GuardRequest => {
  const { pathname, search } = new URL(request.url);
  const text = () => (parsed && request.bodyUsed ? parsed() : readBody(request.clone().body));
  return {
    method: request.method,
    target: `${pathname}${search}`,
    headers: (name) => request.headers.get(name)?.split(/, ?/) ?? [],
    text,
    json: async () => JSON.parse(await text()) as unknown,
    native,
  };
};
