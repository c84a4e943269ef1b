// The bank without a server: @stepup-auth/server/testing stands for the issuer.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { after, before, describe, it } from 'node:test';
import { openIssuer } from '@stepup-auth/server/testing';
import { newBank } from './bank.mjs';
import { openingBalance } from './ledger.mjs';

const audience = 'https://bank.example';
const app = 'https://app.example';
const other = 'http://localhost:3000';

/** Starts a bank; call(method, path, body, headers) is one request. */
const open = async (config) => {
  const server = newBank({ audience, allowedOrigins: ['', app, other], ...config }).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const call = async (method, path, body, headers) => {
    const response = await fetch(`http://127.0.0.1:${server.address().port}${path}`, { method, headers, ...(body === undefined ? {} : { body }) });
    const json = response.headers.get('content-type')?.startsWith('application/json');
    return { status: response.status, headers: response.headers, body: json ? await response.json() : await response.text() };
  };
  return { call, close: () => { server.closeAllConnections(); server.close(); } };
};

describe('the bank', () => {
  let issuer;
  before(async () => {
    issuer = await openIssuer();
  });
  after(() => issuer.close());

  const session = () => ({ authorization: `Bearer ${issuer.session({ origin: app })}` });
  const proof = (more) => ({ ...session(), 'elevated-access-token': issuer.token({ scopes: ['transfer:create'], audience, ...more }) });
  /** A test with a bank of its own. */
  const test = (name, run) => it(name, async () => {
    const bank = await open({ issuer: issuer.url, serviceToken: issuer.serviceToken });
    try {
      await run(bank.call, async () => (await bank.call('GET', '/accounts', undefined, session())).body.accounts[0].balance);
    } finally {
      bank.close();
    }
  });

  test('sends money once per proof', async (call, balance) => {
    const order = '{"to":"bob","amount":25}';
    const without = await call('POST', '/transfers', order, session());
    assert.deepEqual([without.status, without.body.code], [403, 'elevated_access_token_required']);
    const headers = proof();
    const done = await call('POST', '/transfers', order, headers);
    assert.deepEqual([done.status, done.body.balance, done.body.to], [201, 975, 'bob']);
    const again = await call('POST', '/transfers', order, headers);
    assert.deepEqual([again.status, again.body.payload.reason], [403, 'spent']);
    assert.equal(await balance(), 975);
  });

  test('takes a token for exactly this payee and amount', async (call, balance) => {
    const headers = proof({ authorizationDetails: [{ type: 'transfer', amount: '25', currency: 'EUR', payee: 'bob' }], displayed: true });
    const refused = async (path, order, sent) => {
      const { status, body } = await call('POST', path, order, sent);
      assert.deepEqual([status, body.payload?.reason], [403, 'wrong_binding'], `${path} ${order}`);
    };
    await refused('/transfers/confirmed', '{"to":"mallory","amount":25}', headers);
    await refused('/transfers/confirmed', '{"to":"bob","amount":26}', headers);
    const none = await call('POST', '/transfers/confirmed', 'not an order', headers);
    assert.deepEqual([none.status, none.body.code], [400, 'invalid_request']);
    await refused('/transfers/confirmed', '{"to":"bob","amount":25}', proof()); // bound to nothing
    await refused('/transfers', '{"to":"bob","amount":25}', headers); // nothing there compares
    const done = await call('POST', '/transfers/confirmed', '{"to":"bob","amount":25}', headers);
    assert.deepEqual([done.status, done.body.balance], [201, 975]);
    const again = await call('POST', '/transfers/confirmed', '{"to":"bob","amount":25}', headers);
    assert.deepEqual([again.status, again.body.payload.reason], [403, 'spent']);
    assert.equal(await balance(), 975);
  });

  test('carries out once an order that was sent twice', async (call, balance) => {
    const answers = await Promise.all(Array.from({ length: 20 }, () => call('POST', '/transfers', '{"to":"bob","amount":25}', { ...proof(), 'idempotency-key': 'rent-may' })));
    assert.deepEqual([...new Set(answers.map(({ status, body }) => body.code ?? status))].sort(), [201, 'operation_replayed']);
    assert.equal(await balance(), 975);
  });

  test('checks orders', async (call, balance) => {
    const orders = {
      '': 400, x: 400, '[]': 400, '{"to":"bob","amount":"25"}': 400, '{"to":"bob","amount":2.5}': 400, '{"to":"bob","amount":1,"fee":0}': 400, [`{"to":"${'b'.repeat(5000)}","amount":1}`]: 400,
      '{}': 422, '{"to":"","amount":1}': 422, '{"to":"bob","amount":0}': 422, '{"to":"bob","amount":-5}': 422, '{"to":"bob","amount":1001}': 422, '{"to":"bob","amount":9000000000}': 422,
    };
    for (const [order, want] of Object.entries(orders)) {
      const { status, body } = await call('POST', '/transfers', order, proof());
      assert.equal(status, want, order.slice(0, 40));
      assert.ok(body.error);
    }
    assert.equal(await balance(), openingBalance);
  });

  test('shows accounts to who is signed in', async (call) => {
    const { status, body } = await call('GET', '/accounts');
    assert.deepEqual([status, body.code], [401, 'sign_in_required']);
    for (const [path, want] of Object.entries({ '/healthz': 200, '/': 200, '/nothing': 404 })) assert.equal((await call('GET', path)).status, want, path);
  });

  test('lets pages of the named origins call', async (call) => {
    for (const [origin, allowed] of Object.entries({ [app]: true, [other]: true, [`${app},${other}`]: false, 'https://evil.example': false, [`${app}.evil.example`]: false, 'http://app.example': false, null: false })) {
      const { status, headers } = await call('OPTIONS', '/transfers', undefined, { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'elevated-access-token' });
      assert.deepEqual([headers.has('access-control-allow-origin'), status === 204], [allowed, allowed], origin);
    }
    const { headers } = await call('POST', '/transfers', '{}', { origin: app });
    assert.match(headers.get('access-control-expose-headers'), /WWW-Authenticate/);
  });

  it('answers 503 until the issuer is up', async (t) => {
    t.mock.method(console, 'warn', () => {}); // the guard tells its log
    const bank = await open({ issuer: 'http://127.0.0.1:1/sdk', serviceToken: 'stp_x' });
    const { status, body } = await bank.call('POST', '/transfers', '{}', proof());
    assert.deepEqual([status, body.code], [503, 'step_up_unavailable']);
    bank.close();
  });
});
