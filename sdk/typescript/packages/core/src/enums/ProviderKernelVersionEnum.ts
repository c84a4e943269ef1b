export const ProviderKernelVersionEnum = {
  V24: 'v2_4',
  V30: 'v3_0',
  V31: 'v3_1',
  V32: 'v3_2',
  V33: 'v3_3',
} as const;

export type ProviderKernelVersionEnum = (typeof ProviderKernelVersionEnum)[keyof typeof ProviderKernelVersionEnum];
