export const PasskeyTransport = {
  Usb: 'usb',
  Nfc: 'nfc',
  Ble: 'ble',
  Internal: 'internal',
  Hybrid: 'hybrid',
  Cable: 'cable',
  SmartCard: 'smart-card',
} as const;

export type PasskeyTransport = (typeof PasskeyTransport)[keyof typeof PasskeyTransport];
