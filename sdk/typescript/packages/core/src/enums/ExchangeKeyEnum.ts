export const ExchangeKeyEnum = {
  Coinbase: 'coinbase',
  Kraken: 'kraken',
} as const;

export type ExchangeKeyEnum = (typeof ExchangeKeyEnum)[keyof typeof ExchangeKeyEnum];
