// An SMS service on loopback: it checks the signature of what it is handed, as receivers of the Standard Webhooks scheme
// do, and keeps each text until a test asks for it.
import { createHmac, randomInt, timingSafeEqual } from 'node:crypto';
import http from 'node:http';

const patience = 10_000;

export const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
export const newNumber = () => `415555${String(randomInt(0, 10_000)).padStart(4, '0')}`;

const codeIn = (text) => /^(\d{6}|\d{8})$/m.exec(text)?.[1];

const signed = ({ headers }, body) => {
  const key = Buffer.from(secret.slice('whsec_'.length), 'base64');
  const want = createHmac('sha256', key).update(`${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`).digest();
  const got = Buffer.from(headers['webhook-signature']?.replace(/^v1,/, '') ?? '', 'base64');
  return got.length === want.length && timingSafeEqual(got, want) && Math.abs(Date.now() / 1000 - headers['webhook-timestamp']) < 300;
};

export const openPhonebox = async () => {
  const texts = [];
  const unsigned = [];
  let arrived = () => {};
  const server = http.createServer(async (request, response) => {
    const chunks = [];
    for await (const chunk of request) chunks.push(chunk);
    const body = Buffer.concat(chunks).toString();
    if (!signed(request, body)) unsigned.push(body);
    texts.push(JSON.parse(body));
    response.writeHead(204).end();
    arrived();
  });
  await new Promise((resolve, reject) => { server.on('error', reject).listen(0, '127.0.0.1', resolve); });

  const take = async (wants, what) => {
    const until = Date.now() + patience;
    for (;;) {
      const at = texts.findIndex(wants);
      if (at >= 0) return texts.splice(at, 1)[0].body;
      const left = until - Date.now();
      if (left <= 0) throw new Error(`no ${what} arrived within ${patience / 1000} s`);
      await new Promise((resolve) => { const timer = setTimeout(resolve, left); arrived = () => { clearTimeout(timer); resolve(); }; });
    }
  };
  return {
    port: server.address().port,
    unsigned,
    /** The next text with a code to the US number, as its country writes it. */
    code: async (number) => codeIn(await take((t) => t.to === `+1${number}` && codeIn(t.body), `text with a code for ${number}`)),
    /** The next text to it that carries none. */
    notice: (number) => take((t) => t.to === `+1${number}` && !codeIn(t.body), `notice for ${number}`),
    close: () => new Promise((resolve) => { server.close(resolve); server.closeAllConnections(); }),
  };
};
