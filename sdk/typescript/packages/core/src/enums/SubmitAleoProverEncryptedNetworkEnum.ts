export const SubmitAleoProverEncryptedNetworkEnum = {
  Testnet: 'testnet',
  Mainnet: 'mainnet',
} as const;

export type SubmitAleoProverEncryptedNetworkEnum = (typeof SubmitAleoProverEncryptedNetworkEnum)[keyof typeof SubmitAleoProverEncryptedNetworkEnum];
