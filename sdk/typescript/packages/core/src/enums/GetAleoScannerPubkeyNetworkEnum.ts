export const GetAleoScannerPubkeyNetworkEnum = {
  Testnet: 'testnet',
  Mainnet: 'mainnet',
} as const;

export type GetAleoScannerPubkeyNetworkEnum = (typeof GetAleoScannerPubkeyNetworkEnum)[keyof typeof GetAleoScannerPubkeyNetworkEnum];
