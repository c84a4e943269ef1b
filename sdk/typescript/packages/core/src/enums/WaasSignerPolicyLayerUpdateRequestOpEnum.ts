export const WaasSignerPolicyLayerUpdateRequestOpEnum = {
  Upsert: 'upsert',
  Remove: 'remove',
  Batch: 'batch',
} as const;

export type WaasSignerPolicyLayerUpdateRequestOpEnum = (typeof WaasSignerPolicyLayerUpdateRequestOpEnum)[keyof typeof WaasSignerPolicyLayerUpdateRequestOpEnum];
