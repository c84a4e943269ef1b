export const AuthenticatorAttachment = {
  CrossPlatform: 'cross-platform',
  Platform: 'platform',
} as const;

export type AuthenticatorAttachment = (typeof AuthenticatorAttachment)[keyof typeof AuthenticatorAttachment];
