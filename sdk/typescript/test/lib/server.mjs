// The server of this tree and the world around it, as the suite of the published client has them.
import http from 'node:http';
import { once } from 'node:events';
import { openMailbox } from '../../../../conformance/real-client/lib/mailbox.mjs';
import { openPhonebox } from '../../../../conformance/real-client/lib/phonebox.mjs';
import { openWorld } from '../../../../conformance/real-client/lib/world.mjs';

export { startServer } from '../../../../conformance/real-client/lib/server.mjs';
export { newNumber } from '../../../../conformance/real-client/lib/phonebox.mjs';

/** A mailbox, a telephone, and the logins elsewhere; the last two behind one port. */
export const openOutside = async () => {
  const [mailbox, phonebox, world] = await Promise.all([openMailbox(), openPhonebox(), openWorld()]);
  const front = http.createServer((request, response) => {
    const { port } = request.url === '/sms' ? phonebox : world;
    const onward = http.request({ host: '127.0.0.1', port, path: request.url, method: request.method, headers: request.headers }, (answer) => {
      response.writeHead(answer.statusCode, answer.headers);
      answer.pipe(response);
    });
    onward.on('error', () => response.destroy());
    request.pipe(onward);
  }).listen(0, '127.0.0.1');
  await once(front, 'listening');
  const close = async () => {
    front.closeAllConnections();
    front.close();
    world.close();
    await Promise.all([mailbox.close(), phonebox.close()]);
  };
  return { mailbox, phonebox, world, port: front.address().port, close };
};
