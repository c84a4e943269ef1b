export const CurrencyType = {
  Fiat: 'fiat',
  Crypto: 'crypto',
} as const;

export type CurrencyType = (typeof CurrencyType)[keyof typeof CurrencyType];
