export const WaasWalletShareSetType = {
  Delegated: 'delegated',
  RootUser: 'rootUser',
  Server: 'server',
  BusinessAccountUser: 'businessAccountUser',
  OfflineRecovery: 'offlineRecovery',
} as const;

export type WaasWalletShareSetType = (typeof WaasWalletShareSetType)[keyof typeof WaasWalletShareSetType];
