export const ReshareKind = {
  RootUser: 'rootUser',
  CloudBackup: 'cloudBackup',
  Delegation: 'delegation',
  OfflineRecovery: 'offlineRecovery',
} as const;

export type ReshareKind = (typeof ReshareKind)[keyof typeof ReshareKind];
