export const FlowModeEnum = {
  Payment: 'payment',
  Deposit: 'deposit',
  Withdraw: 'withdraw',
} as const;

export type FlowModeEnum = (typeof FlowModeEnum)[keyof typeof FlowModeEnum];
