export const ProjectSettingsSdkEmbeddedWalletsEvmGasSponsorshipRelayModeEnum = {
  ClientAndServer: 'clientAndServer',
  ServerOnly: 'serverOnly',
} as const;

export type ProjectSettingsSdkEmbeddedWalletsEvmGasSponsorshipRelayModeEnum = (typeof ProjectSettingsSdkEmbeddedWalletsEvmGasSponsorshipRelayModeEnum)[keyof typeof ProjectSettingsSdkEmbeddedWalletsEvmGasSponsorshipRelayModeEnum];
