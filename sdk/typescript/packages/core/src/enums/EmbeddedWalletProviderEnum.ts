export const EmbeddedWalletProviderEnum = {
  Turnkey: 'turnkey',
  Turnkeyhd: 'turnkeyhd',
  DynamicWaas: 'dynamicWaas',
} as const;

export type EmbeddedWalletProviderEnum = (typeof EmbeddedWalletProviderEnum)[keyof typeof EmbeddedWalletProviderEnum];
