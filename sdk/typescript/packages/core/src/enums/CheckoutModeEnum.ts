export const CheckoutModeEnum = {
  Payment: 'payment',
  Deposit: 'deposit',
} as const;

export type CheckoutModeEnum = (typeof CheckoutModeEnum)[keyof typeof CheckoutModeEnum];
