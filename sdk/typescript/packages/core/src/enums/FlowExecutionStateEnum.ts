export const FlowExecutionStateEnum = {
  Initiated: 'initiated',
  SourceAttached: 'source_attached',
  Quoted: 'quoted',
  Signing: 'signing',
  Broadcasted: 'broadcasted',
  SourceConfirmed: 'source_confirmed',
  Cancelled: 'cancelled',
  Expired: 'expired',
  Failed: 'failed',
} as const;

export type FlowExecutionStateEnum = (typeof FlowExecutionStateEnum)[keyof typeof FlowExecutionStateEnum];
