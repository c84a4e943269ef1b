export const WalletTransactionType = {
  Sent: 'sent',
  Receive: 'receive',
  Swap: 'swap',
} as const;

export type WalletTransactionType = (typeof WalletTransactionType)[keyof typeof WalletTransactionType];
