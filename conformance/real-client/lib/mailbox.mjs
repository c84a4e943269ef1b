// A mail server on loopback that keeps what it gets until a test asks for it.
import { simpleParser } from 'mailparser';
import { SMTPServer } from 'smtp-server';

const patience = 10_000;

/** The code of a mail stands alone on a line of its plain-text part. */
export const codeIn = (mail) => /^[ \t]*(\d{6}|\d{8})[ \t]*$/m.exec(mail.text ?? '')?.[1];

export const openMailbox = async () => {
  const unread = [];
  const readers = [];

  const arrived = (mail) => {
    const reader = readers.findIndex((r) => r.wants(mail));
    if (reader < 0) unread.push(mail);
    else readers.splice(reader, 1)[0].resolve(mail);
  };
  const next = (wants, what) => {
    const at = unread.findIndex(wants);
    if (at >= 0) return Promise.resolve(unread.splice(at, 1)[0]);
    return new Promise((resolve, reject) => {
      const reader = { wants, resolve: (mail) => { clearTimeout(timer); resolve(mail); } };
      const timer = setTimeout(() => {
        readers.splice(readers.indexOf(reader), 1);
        reject(new Error(`no ${what} arrived within ${patience / 1000} s`));
      }, patience);
      readers.push(reader);
    });
  };

  const server = new SMTPServer({
    authOptional: true,
    disabledCommands: ['STARTTLS'],
    onData: (stream, session, done) => {
      simpleParser(stream).then((mail) => {
        for (const { address } of session.envelope.rcptTo) arrived({ ...mail, recipient: address.toLowerCase() });
        done();
      }, done);
    },
  });
  await new Promise((resolve, reject) => {
    server.on('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });

  return {
    port: server.server.address().port,
    /** The next mail to the address that carries a code. */
    codeMail: (to) => next((m) => m.recipient === to && codeIn(m), `mail with a code for ${to}`),
    code: async (to) => codeIn(await next((m) => m.recipient === to && codeIn(m), `mail with a code for ${to}`)),
    /** The next mail to the address that carries none. */
    notice: (to) => next((m) => m.recipient === to && !codeIn(m), `notice for ${to}`),
    close: () => new Promise((resolve) => { server.close(resolve); }),
  };
};
