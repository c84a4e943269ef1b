export const ProjectSettingsSdkWaasICloudEnvironmentEnum = {
  Development: 'development',
  Production: 'production',
} as const;

export type ProjectSettingsSdkWaasICloudEnvironmentEnum = (typeof ProjectSettingsSdkWaasICloudEnvironmentEnum)[keyof typeof ProjectSettingsSdkWaasICloudEnvironmentEnum];
