export const BackupKeySharesToLocationsResponsePasswordUpdateStatusEnum = {
  Activated: 'activated',
  Pending: 'pending',
} as const;

export type BackupKeySharesToLocationsResponsePasswordUpdateStatusEnum = (typeof BackupKeySharesToLocationsResponsePasswordUpdateStatusEnum)[keyof typeof BackupKeySharesToLocationsResponsePasswordUpdateStatusEnum];
