/**
 * Lets pages of exactly these origins call. It stands before the guard, because browsers ask with OPTIONS first, without any token, and it lets
 * pages read WWW-Authenticate, which says what proof is missing.
 */
export const allowOrigins = (origins) => (request, response, next) => {
  const origin = request.get('Origin');
  response.vary('Origin');
  if (!origin || !origins.includes(origin)) return next();
  response.set({ 'Access-Control-Allow-Origin': origin, 'Access-Control-Expose-Headers': 'WWW-Authenticate, X-Request-Id' });
  if (request.method !== 'OPTIONS' || !request.get('Access-Control-Request-Method')) return next();
  response.set({
    'Access-Control-Allow-Methods': 'GET, POST',
    'Access-Control-Allow-Headers': 'Authorization, Content-Type, Elevated-Access-Token, X-Dyn-Elevated-Access-Token, Idempotency-Key',
    'Access-Control-Max-Age': '600',
  });
  return response.status(204).end();
};
