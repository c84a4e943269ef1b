export const CoinbaseOnrampOrderPaymentLinkType = {
  PaymentLinkTypeApplePayButton: 'PAYMENT_LINK_TYPE_APPLE_PAY_BUTTON',
} as const;

export type CoinbaseOnrampOrderPaymentLinkType = (typeof CoinbaseOnrampOrderPaymentLinkType)[keyof typeof CoinbaseOnrampOrderPaymentLinkType];
