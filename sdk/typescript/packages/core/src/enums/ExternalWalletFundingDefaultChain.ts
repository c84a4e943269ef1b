export const ExternalWalletFundingDefaultChain = {
  Ethereum: 'ethereum',
  Solana: 'solana',
} as const;

export type ExternalWalletFundingDefaultChain = (typeof ExternalWalletFundingDefaultChain)[keyof typeof ExternalWalletFundingDefaultChain];
