/** A JWS signature algorithm (RFC 7518, RFC 8037). The list is closed: nothing symmetric, and never `none`. */
export type Algorithm = 'ES256' | 'EdDSA' | 'RS256';

/** One public key of an issuer, good for exactly one algorithm. */
export interface Key {
  /** The kid: a name to look the key up by, nothing else. */
  readonly id: string;
  readonly algorithm: Algorithm;
  readonly publicKey: CryptoKey;
}

/** Finds the keys of one issuer. */
export interface KeySet {
  /**
   * The key with this id that is for this algorithm; undefined if the issuer has no such key now. Both come from a token that nobody has
   * verified yet: compare them, and do nothing else with them. It rejects if this could not be found out.
   */
  keyFor(id: string, algorithm: Algorithm): Promise<Key | undefined>;
}
