export const EmbeddedWalletAuthType = {
  Mpc: 'mpc',
} as const;

export type EmbeddedWalletAuthType = (typeof EmbeddedWalletAuthType)[keyof typeof EmbeddedWalletAuthType];
