// A small bank: anybody who is signed in sees their balance, and sending money needs a fresh proof of who they are. It shows all that a
// service of yours needs to be guarded by stepup; read bank.mjs first.
//
// It is configured by the environment:
//
//   ISSUER               base address of the environment at the issuer (required)
//   SERVICE_TOKEN        service token that may consume, or
//   SERVICE_TOKEN_FILE   a file with it, waited for if it is not there yet
//   AUDIENCE             what transfer:create was declared for (https://bank.example)
//   LISTEN               address to listen on (127.0.0.1:8091)
//   ALLOWED_ORIGINS      browser origins that may call, separated by commas, exactly as browsers write them (none)
//   PLAIN_HTTP           1: ISSUER may be http:// on another machine, on a network that nobody else is on
import { readFile } from 'node:fs/promises';
import { setTimeout as wait } from 'node:timers/promises';
import { newBank } from './bank.mjs';

/** Finds the token we show the issuer. A file that is not there yet is waited for, so that issuer and bank may be started together. */
const serviceToken = async ({ SERVICE_TOKEN, SERVICE_TOKEN_FILE }) => {
  if (SERVICE_TOKEN) return SERVICE_TOKEN;
  if (!SERVICE_TOKEN_FILE) throw new Error('set SERVICE_TOKEN or SERVICE_TOKEN_FILE; `stepup token create` makes a token');
  for (let waiting = false; ; waiting = true) {
    const content = await readFile(SERVICE_TOKEN_FILE, 'utf8').catch((error) => {
      if (error.code === 'ENOENT') return '';
      throw new Error(`reading service token: ${error.message}`);
    });
    if (content.trim() !== '') return content.trim();
    if (!waiting) console.error(`waiting for a service token in ${SERVICE_TOKEN_FILE}`);
    await wait(200);
  }
};

const { ISSUER = '', AUDIENCE, LISTEN = '127.0.0.1:8091', ALLOWED_ORIGINS = '', PLAIN_HTTP } = process.env;
try {
  const bank = newBank({
    issuer: ISSUER,
    serviceToken: await serviceToken(process.env),
    audience: AUDIENCE || 'https://bank.example',
    allowedOrigins: ALLOWED_ORIGINS.split(','),
    plainHttp: PLAIN_HTTP === '1',
  });
  const { hostname, port } = new URL(`http://${LISTEN}`);
  const server = bank.listen(Number(port || 80), hostname.replace(/^\[|\]$/g, ''), (error) => {
    if (error) throw error;
    console.error(`the bank listens on http://${LISTEN}`);
  });
  for (const signal of ['SIGINT', 'SIGTERM']) {
    process.once(signal, () => {
      server.close();
      server.closeIdleConnections();
      setTimeout(() => server.closeAllConnections(), 5_000).unref(); // what is not done by then is cut off
    });
  }
} catch (error) {
  console.error(`node-service: ${error.message}`);
  process.exitCode = 1;
}
