export const SsoProviderCheckResponseTypeEnum = {
  Otp: 'otp',
  Sso: 'sso',
} as const;

export type SsoProviderCheckResponseTypeEnum = (typeof SsoProviderCheckResponseTypeEnum)[keyof typeof SsoProviderCheckResponseTypeEnum];
