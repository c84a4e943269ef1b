export const WaasPolicyLayerUpdateRequestOpEnum = {
  Upsert: 'upsert',
  Remove: 'remove',
  Batch: 'batch',
} as const;

export type WaasPolicyLayerUpdateRequestOpEnum = (typeof WaasPolicyLayerUpdateRequestOpEnum)[keyof typeof WaasPolicyLayerUpdateRequestOpEnum];
