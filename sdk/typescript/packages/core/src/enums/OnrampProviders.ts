export const OnrampProviders = {
  Banxa: 'banxa',
  CoinbaseOnramp: 'coinbaseOnramp',
  CryptoDotCom: 'cryptoDotCom',
  MoonPay: 'moonPay',
} as const;

export type OnrampProviders = (typeof OnrampProviders)[keyof typeof OnrampProviders];
