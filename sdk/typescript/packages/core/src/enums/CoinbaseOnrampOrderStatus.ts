export const CoinbaseOnrampOrderStatus = {
  PendingAuth: 'ONRAMP_ORDER_STATUS_PENDING_AUTH',
  PendingPayment: 'ONRAMP_ORDER_STATUS_PENDING_PAYMENT',
  Processing: 'ONRAMP_ORDER_STATUS_PROCESSING',
  Completed: 'ONRAMP_ORDER_STATUS_COMPLETED',
  Failed: 'ONRAMP_ORDER_STATUS_FAILED',
} as const;

export type CoinbaseOnrampOrderStatus = (typeof CoinbaseOnrampOrderStatus)[keyof typeof CoinbaseOnrampOrderStatus];
