export const CoinbaseOnrampOrderPaymentMethod = {
  GuestCheckoutApplePay: 'GUEST_CHECKOUT_APPLE_PAY',
} as const;

export type CoinbaseOnrampOrderPaymentMethod = (typeof CoinbaseOnrampOrderPaymentMethod)[keyof typeof CoinbaseOnrampOrderPaymentMethod];
