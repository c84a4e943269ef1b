/**
 * Lets pages of exactly one origin call. It stands before the guard, because browsers ask with OPTIONS first, without any token, and it lets
 * pages read WWW-Authenticate, which says what proof is missing. Without an origin it allows none.
 */
export const allowOrigin = (origin) => (request, response, next) => {
  response.vary('Origin');
  if (!origin || request.get('Origin') !== origin) return next();
  response.set({ 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': 'WWW-Authenticate, X-Request-Id' });
  if (request.method !== 'OPTIONS' || !request.get('Access-Control-Request-Method')) return next();
  response.set({
    'Access-Control-Allow-Methods': 'GET, POST',
    'Access-Control-Allow-Headers': 'Authorization, Content-Type, Elevated-Access-Token, X-Dyn-Elevated-Access-Token, Idempotency-Key',
    'Access-Control-Max-Age': '600',
  });
  return response.status(204).end();
};
