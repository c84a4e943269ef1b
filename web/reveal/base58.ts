const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

/** The bytes of a text in base58 as Solana writes it; undefined where it is none. */
export const fromBase58 = (text: string, length: number): Uint8Array<ArrayBuffer> | undefined => {
  let number = 0n;
  for (const letter of text) {
    const digit = alphabet.indexOf(letter);
    if (digit < 0) return undefined;
    number = number * 58n + BigInt(digit);
  }
  const bytes = new Uint8Array(length);
  for (let i = length - 1; i >= 0; i -= 1, number >>= 8n) bytes[i] = Number(number & 0xffn);
  return number === 0n && toBase58(bytes) === text ? bytes : undefined;
};

export const toBase58 = (bytes: Uint8Array): string => {
  let number = 0n;
  for (const byte of bytes) number = (number << 8n) | BigInt(byte);
  let text = '';
  for (; number > 0n; number /= 58n) text = alphabet[Number(number % 58n)] + text;
  for (let i = 0; bytes[i] === 0; i += 1) text = `1${text}`;
  return text;
};
