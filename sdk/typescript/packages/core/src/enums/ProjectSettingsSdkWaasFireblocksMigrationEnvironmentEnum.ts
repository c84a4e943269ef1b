export const ProjectSettingsSdkWaasFireblocksMigrationEnvironmentEnum = {
  Sandbox: 'sandbox',
  Production: 'production',
} as const;

export type ProjectSettingsSdkWaasFireblocksMigrationEnvironmentEnum = (typeof ProjectSettingsSdkWaasFireblocksMigrationEnvironmentEnum)[keyof typeof ProjectSettingsSdkWaasFireblocksMigrationEnvironmentEnum];
