// Before Jest begins: servers of this tree at both versions; and what a person has, a mailbox, an authenticator app and passkeys, over HTTP,
// because Jest loads none of their modules.
const http = require('node:http');
const { once } = require('node:events');

module.exports = async () => {
  if (!process.argv.some((word) => /cases/.test(word))) await start();
};

const start = async () => {
  const { startServer } = await import('../../../../conformance/real-client/lib/server.mjs');
  const { openMailbox } = await import('../../../../conformance/real-client/lib/mailbox.mjs');
  const mailbox = await openMailbox();
  const [newer, older] = await Promise.all(['2026_04_01', '2026_01_01'].map((version) =>
    startServer({ smtpPort: mailbox.port, API_VERSION: version, COMPATIBILITY: 'none' })));
  const { newAuthenticator } = await import('../../../../conformance/real-client/lib/passkey.mjs');
  const { openApp } = await import('../../../../conformance/real-client/lib/totp.mjs');
  const [apps, passkeys] = [new Map(), new Map()];
  const made = (all, name, make) => all.get(name) ?? all.set(name, make()).get(name);
  const answers = {
    code: ({ to }) => mailbox.code(to),
    totp: ({ uri, n }) => made(apps, uri, () => openApp(uri))(Number(n)),
    register: ({ device, options }) => made(passkeys, device, newAuthenticator).register(options),
    authenticate: ({ device, options }) => made(passkeys, device, newAuthenticator).authenticate(options),
  };
  const post = http.createServer(async (request, response) => {
    try {
      let body = '';
      for await (const chunk of request) body += chunk;
      response.end(JSON.stringify(await answers[request.url.slice(1)](JSON.parse(body))));
    } catch (error) {
      response.writeHead(500).end(JSON.stringify(error.message));
    }
  }).listen(0, '127.0.0.1');
  await once(post, 'listening');
  process.env.STEPUP_TEST = JSON.stringify({
    person: `http://127.0.0.1:${post.address().port}`,
    servers: Object.fromEntries(Object.entries({ '2026_04_01': newer, '2026_01_01': older }).map(([version, { apiBase, environment }]) => [version, { apiBaseUrl: apiBase, environmentId: environment }])),
  });
  globalThis.stepupTest = { stop: async () => {
    post.closeAllConnections();
    post.close();
    await Promise.all([newer.stop(), older.stop(), mailbox.close()]);
  } };
};
