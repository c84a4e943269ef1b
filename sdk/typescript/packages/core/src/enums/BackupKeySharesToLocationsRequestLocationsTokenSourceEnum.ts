export const BackupKeySharesToLocationsRequestLocationsTokenSourceEnum = {
  External: 'external',
  StoredOauth: 'stored_oauth',
} as const;

export type BackupKeySharesToLocationsRequestLocationsTokenSourceEnum = (typeof BackupKeySharesToLocationsRequestLocationsTokenSourceEnum)[keyof typeof BackupKeySharesToLocationsRequestLocationsTokenSourceEnum];
