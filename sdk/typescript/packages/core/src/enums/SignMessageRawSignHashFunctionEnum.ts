export const SignMessageRawSignHashFunctionEnum = {
  Sha512Half: 'sha512Half',
  Keccak256: 'keccak256',
  Sha256: 'sha256',
  Blake2b: 'blake2b',
} as const;

export type SignMessageRawSignHashFunctionEnum = (typeof SignMessageRawSignHashFunctionEnum)[keyof typeof SignMessageRawSignHashFunctionEnum];
