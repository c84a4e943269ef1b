export const ExternalWalletFundingTokenRule = {
  Recommended: 'recommended',
  Exact: 'exact',
} as const;

export type ExternalWalletFundingTokenRule = (typeof ExternalWalletFundingTokenRule)[keyof typeof ExternalWalletFundingTokenRule];
