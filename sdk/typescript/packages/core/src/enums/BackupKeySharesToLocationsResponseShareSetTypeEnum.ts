export const BackupKeySharesToLocationsResponseShareSetTypeEnum = {
  Delegated: 'delegated',
  RootUser: 'rootUser',
  Server: 'server',
  BusinessAccountUser: 'businessAccountUser',
} as const;

export type BackupKeySharesToLocationsResponseShareSetTypeEnum = (typeof BackupKeySharesToLocationsResponseShareSetTypeEnum)[keyof typeof BackupKeySharesToLocationsResponseShareSetTypeEnum];
