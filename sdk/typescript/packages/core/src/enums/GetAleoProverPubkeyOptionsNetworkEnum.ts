export const GetAleoProverPubkeyOptionsNetworkEnum = {
  Testnet: 'testnet',
  Mainnet: 'mainnet',
} as const;

export type GetAleoProverPubkeyOptionsNetworkEnum = (typeof GetAleoProverPubkeyOptionsNetworkEnum)[keyof typeof GetAleoProverPubkeyOptionsNetworkEnum];
