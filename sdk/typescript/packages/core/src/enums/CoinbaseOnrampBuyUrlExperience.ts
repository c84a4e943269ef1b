export const CoinbaseOnrampBuyUrlExperience = {
  Buy: 'buy',
  Send: 'send',
} as const;

export type CoinbaseOnrampBuyUrlExperience = (typeof CoinbaseOnrampBuyUrlExperience)[keyof typeof CoinbaseOnrampBuyUrlExperience];
