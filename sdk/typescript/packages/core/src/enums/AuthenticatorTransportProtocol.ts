export const AuthenticatorTransportProtocol = {
  Internal: 'AUTHENTICATOR_TRANSPORT_INTERNAL',
  Usb: 'AUTHENTICATOR_TRANSPORT_USB',
  Nfc: 'AUTHENTICATOR_TRANSPORT_NFC',
  Ble: 'AUTHENTICATOR_TRANSPORT_BLE',
  Hybrid: 'AUTHENTICATOR_TRANSPORT_HYBRID',
} as const;

export type AuthenticatorTransportProtocol = (typeof AuthenticatorTransportProtocol)[keyof typeof AuthenticatorTransportProtocol];
