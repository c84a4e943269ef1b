export const WaasTransactionBroadcastSubmissionState = {
  NotSubmitted: 'not_submitted',
  Unknown: 'unknown',
  RequiresResign: 'requires_resign',
} as const;

export type WaasTransactionBroadcastSubmissionState = (typeof WaasTransactionBroadcastSubmissionState)[keyof typeof WaasTransactionBroadcastSubmissionState];
