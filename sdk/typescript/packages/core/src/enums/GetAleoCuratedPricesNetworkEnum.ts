export const GetAleoCuratedPricesNetworkEnum = {
  Testnet: 'testnet',
  Mainnet: 'mainnet',
} as const;

export type GetAleoCuratedPricesNetworkEnum = (typeof GetAleoCuratedPricesNetworkEnum)[keyof typeof GetAleoCuratedPricesNetworkEnum];
