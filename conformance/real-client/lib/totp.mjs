// An authenticator app: RFC 6238 as the key URI says.
import { createHmac } from 'node:crypto';

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567';

const fromBase32 = (text) => {
  let bits = '';
  for (const letter of text) bits += alphabet.indexOf(letter).toString(2).padStart(5, '0');
  return Buffer.from(bits.match(/.{8}/g).map((byte) => Number.parseInt(byte, 2)));
};

/** Answers the code of a time step, counted from the moment the app was opened: neighbours are good too, so 0 and 1 need no waiting. */
export const openApp = (uri) => {
  const parameters = new URL(uri).searchParams;
  const key = fromBase32(parameters.get('secret'));
  const digits = Number(parameters.get('digits'));
  const opened = Math.floor(Date.now() / 1000 / Number(parameters.get('period')));
  return (step) => {
    const counter = Buffer.alloc(8);
    counter.writeBigUInt64BE(BigInt(opened + step));
    const mac = createHmac(parameters.get('algorithm'), key).update(counter).digest();
    const truncated = mac.readUInt32BE(mac.at(-1) & 15) & 0x7fffffff;
    return String(truncated % 10 ** digits).padStart(digits, '0');
  };
};
