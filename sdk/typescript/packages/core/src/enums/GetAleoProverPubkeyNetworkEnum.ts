export const GetAleoProverPubkeyNetworkEnum = {
  Testnet: 'testnet',
  Mainnet: 'mainnet',
} as const;

export type GetAleoProverPubkeyNetworkEnum = (typeof GetAleoProverPubkeyNetworkEnum)[keyof typeof GetAleoProverPubkeyNetworkEnum];
