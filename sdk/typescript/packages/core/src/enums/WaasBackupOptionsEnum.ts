export const WaasBackupOptionsEnum = {
  GoogleDrive: 'googleDrive',
  ICloud: 'iCloud',
  Dynamic: 'dynamic',
  External: 'external',
  Delegated: 'delegated',
  OfflineRecovery: 'offlineRecovery',
} as const;

export type WaasBackupOptionsEnum = (typeof WaasBackupOptionsEnum)[keyof typeof WaasBackupOptionsEnum];
