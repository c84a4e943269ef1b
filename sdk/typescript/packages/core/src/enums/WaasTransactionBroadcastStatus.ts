export const WaasTransactionBroadcastStatus = {
  Submitted: 'submitted',
  AlreadyKnown: 'already_known',
} as const;

export type WaasTransactionBroadcastStatus = (typeof WaasTransactionBroadcastStatus)[keyof typeof WaasTransactionBroadcastStatus];
