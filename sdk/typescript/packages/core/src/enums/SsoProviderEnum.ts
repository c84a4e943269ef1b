export const SsoProviderEnum = {
  Okta: 'okta',
} as const;

export type SsoProviderEnum = (typeof SsoProviderEnum)[keyof typeof SsoProviderEnum];
