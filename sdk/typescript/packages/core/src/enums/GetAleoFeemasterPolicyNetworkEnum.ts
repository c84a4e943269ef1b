export const GetAleoFeemasterPolicyNetworkEnum = {
  Testnet: 'testnet',
  Mainnet: 'mainnet',
} as const;

export type GetAleoFeemasterPolicyNetworkEnum = (typeof GetAleoFeemasterPolicyNetworkEnum)[keyof typeof GetAleoFeemasterPolicyNetworkEnum];
