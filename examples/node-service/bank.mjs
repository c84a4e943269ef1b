import { admissionOf, boundTo, createClient, createGuard, createVerifier, forExpress } from '@stepup-auth/server';
import express from 'express';
import { allowOrigins } from './cors.mjs';
import { newLedger } from './ledger.mjs';

/** Our own scope, declared at the issuer with our audience. */
const transferCreate = 'transfer:create';

/**
 * Wires the bank: one call makes a guard of two others, one guards a route. The issuer need not be up yet; until it is, the answer is 503.
 */
export const newBank = ({ issuer, serviceToken, audience, allowedOrigins, plainHttp }) => {
  const guard = createGuard({
    verifier: createVerifier({ issuer, audiences: [audience], plainHttp }),
    client: createClient({ issuer, serviceToken, plainHttp }),
    // An app that got no answer may send the same order again under the same key: it is carried out once.
    operation: (request) => request.headers('idempotency-key')[0],
  });
  const { require, signedIn } = forExpress(guard);
  const ledger = newLedger();
  const parser = express.text({ limit: '4kb', type: () => true });

  /** Sends money. It runs only when the user has just proved who they are, once per proof. */
  const transfer = (request, response) => {
    const { claims } = admissionOf(request);
    const order = readOrder(request.body);
    if (!order) return refuse(response, 400, 'malformed_order', 'Send {"to": "bob", "amount": 25}.');
    const problem = problemOf(order);
    if (problem) return refuse(response, 422, 'invalid_order', problem);
    const done = ledger.transfer(claims.subject, order.to, order.amount);
    if (!done) return refuse(response, 422, 'insufficient_funds', 'There is not that much in your account.');
    return response.status(201).json(done);
  };

  const app = express().disable('x-powered-by').disable('etag');
  app.use(allowOrigins(allowedOrigins), (_, response, next) => {
    response.set('Cache-Control', 'no-store');
    next();
  });
  app.get('/', (_, response) => response.type('text/plain').send(about));
  app.get('/healthz', (_, response) => response.json({ status: 'ok' }));
  app.get('/accounts', signedIn, (request, response) => {
    const { subject } = admissionOf(request).caller;
    response.json({ accounts: [{ id: subject, name: 'Your account', balance: ledger.balance(subject) }] });
  });
  app.post('/transfers', require(transferCreate), parser, transfer);
  app.post('/transfers/confirmed', require(transferCreate, confirmed), transfer);
  app.use((error, _request, response, next) => {
    if (response.headersSent) return next(error);
    if (error.status === 400 || error.status === 413) return refuse(response, 400, 'malformed_order', 'Send {"to": "bob", "amount": 25}.');
    console.error(error);
    return refuse(response, 500, 'internal_error', 'Something is wrong here.');
  });
  return app;
};

/** Says what an order is, in the words its user confirms. All that matters stands in it: a token for it sends neither more nor to anybody else. */
const confirmed = boundTo(async (request) => {
  const order = readOrder(await request.text());
  if (!order) throw new TypeError('it is not an order');
  return [{ type: 'transfer', amount: String(order.amount), currency: 'EUR', payee: order.to }];
});

/** Reads {to, amount}; undefined for anything else. Amounts are whole euros. */
const readOrder = (text) => {
  let order;
  try {
    order = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (order === null || typeof order !== 'object' || Array.isArray(order)) return undefined;
  const { to = '', amount = 0, ...more } = order;
  return typeof to === 'string' && Number.isSafeInteger(amount) && Object.keys(more).length === 0 ? { to, amount } : undefined;
};

/** What is wrong with an order, in words for the person who sent it. */
const problemOf = ({ to, amount }) => {
  if (to === '' || to.length > 64) return 'Say whom to send money to, in at most 64 characters.';
  return amount > 0 && amount <= 1_000_000 ? undefined : 'Send between 1 and 1,000,000.';
};

const refuse = (response, status, code, message) => response.status(status).json({ error: message, code });

const about = `This is the example bank, a service that stepup guards. It has no pages of its own.

  GET  /accounts              your balance; takes a session
  POST /transfers             sends money; takes a proof as well, once per transfer
  POST /transfers/confirmed   the same, with a proof for exactly this payee and amount
  GET  /healthz               whether it runs
`;
