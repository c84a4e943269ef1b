export const IsAleoFeemasterCoveredNetworkEnum = {
  Testnet: 'testnet',
  Mainnet: 'mainnet',
} as const;

export type IsAleoFeemasterCoveredNetworkEnum = (typeof IsAleoFeemasterCoveredNetworkEnum)[keyof typeof IsAleoFeemasterCoveredNetworkEnum];
