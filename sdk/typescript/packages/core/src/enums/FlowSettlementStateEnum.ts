export const FlowSettlementStateEnum = {
  None: 'none',
  Routing: 'routing',
  Bridging: 'bridging',
  Swapping: 'swapping',
  Settling: 'settling',
  Completed: 'completed',
  Failed: 'failed',
} as const;

export type FlowSettlementStateEnum = (typeof FlowSettlementStateEnum)[keyof typeof FlowSettlementStateEnum];
