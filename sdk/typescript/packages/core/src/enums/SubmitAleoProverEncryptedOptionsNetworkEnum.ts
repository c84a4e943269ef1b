export const SubmitAleoProverEncryptedOptionsNetworkEnum = {
  Testnet: 'testnet',
  Mainnet: 'mainnet',
} as const;

export type SubmitAleoProverEncryptedOptionsNetworkEnum = (typeof SubmitAleoProverEncryptedOptionsNetworkEnum)[keyof typeof SubmitAleoProverEncryptedOptionsNetworkEnum];
