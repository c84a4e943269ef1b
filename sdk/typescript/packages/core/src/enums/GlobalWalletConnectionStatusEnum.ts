export const GlobalWalletConnectionStatusEnum = {
  Connected: 'connected',
  Disconnected: 'disconnected',
} as const;

export type GlobalWalletConnectionStatusEnum = (typeof GlobalWalletConnectionStatusEnum)[keyof typeof GlobalWalletConnectionStatusEnum];
