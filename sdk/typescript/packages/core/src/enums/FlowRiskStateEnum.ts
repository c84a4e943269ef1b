export const FlowRiskStateEnum = {
  Unknown: 'unknown',
  Pending: 'pending',
  Cleared: 'cleared',
  Blocked: 'blocked',
  Review: 'review',
} as const;

export type FlowRiskStateEnum = (typeof FlowRiskStateEnum)[keyof typeof FlowRiskStateEnum];
