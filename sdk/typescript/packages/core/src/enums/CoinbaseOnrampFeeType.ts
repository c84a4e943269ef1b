export const CoinbaseOnrampFeeType = {
  Network: 'FEE_TYPE_NETWORK',
  Exchange: 'FEE_TYPE_EXCHANGE',
} as const;

export type CoinbaseOnrampFeeType = (typeof CoinbaseOnrampFeeType)[keyof typeof CoinbaseOnrampFeeType];
