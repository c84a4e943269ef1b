export const EmbeddedWalletVersionEnum = {
  V1: 'V1',
  V2: 'V2',
  V3: 'V3',
} as const;

export type EmbeddedWalletVersionEnum = (typeof EmbeddedWalletVersionEnum)[keyof typeof EmbeddedWalletVersionEnum];
