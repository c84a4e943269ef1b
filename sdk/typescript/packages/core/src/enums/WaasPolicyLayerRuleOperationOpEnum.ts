export const WaasPolicyLayerRuleOperationOpEnum = {
  Upsert: 'upsert',
  Remove: 'remove',
} as const;

export type WaasPolicyLayerRuleOperationOpEnum = (typeof WaasPolicyLayerRuleOperationOpEnum)[keyof typeof WaasPolicyLayerRuleOperationOpEnum];
