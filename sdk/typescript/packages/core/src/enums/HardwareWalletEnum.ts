export const HardwareWalletEnum = {
  Ledger: 'ledger',
} as const;

export type HardwareWalletEnum = (typeof HardwareWalletEnum)[keyof typeof HardwareWalletEnum];
