export const FlowSourceTypeEnum = {
  Wallet: 'wallet',
  Exchange: 'exchange',
  DepositAddress: 'deposit_address',
} as const;

export type FlowSourceTypeEnum = (typeof FlowSourceTypeEnum)[keyof typeof FlowSourceTypeEnum];
