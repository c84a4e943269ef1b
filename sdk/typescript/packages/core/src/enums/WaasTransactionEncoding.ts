export const WaasTransactionEncoding = {
  Hex: 'hex',
  Base64: 'base64',
  Xdr: 'xdr',
  Json: 'json',
} as const;

export type WaasTransactionEncoding = (typeof WaasTransactionEncoding)[keyof typeof WaasTransactionEncoding];
