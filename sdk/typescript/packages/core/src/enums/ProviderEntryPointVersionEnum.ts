export const ProviderEntryPointVersionEnum = {
  V6: 'v6',
  V7: 'v7',
} as const;

export type ProviderEntryPointVersionEnum = (typeof ProviderEntryPointVersionEnum)[keyof typeof ProviderEntryPointVersionEnum];
