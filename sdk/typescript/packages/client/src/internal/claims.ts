import { InvalidResponseError } from '../errors/InvalidResponseError.js';
import { objectOf, parseJSON } from './json.js';

/**
 * The claims of a token. Nothing here checks its signature: that is the server's and the guards' business, and the client only
 * sorts its own tokens by them.
 */
export const claimsOf = (token: string): Readonly<Record<string, unknown>> => {
  const parts = token.split('.');
  try {
    if (parts.length !== 3) throw new Error('it has not three parts');
    const binary = atob(parts[1]!.replaceAll('-', '+').replaceAll('_', '/'));
    return objectOf(parseJSON(new TextDecoder().decode(Uint8Array.from(binary, (c) => c.charCodeAt(0)))));
  } catch (cause) {
    throw new InvalidResponseError('The server sent a token that is none.', cause);
  }
};
