export const AuthModeEnum = {
  Only: 'connect-only',
  AndSign: 'connect-and-sign',
} as const;

export type AuthModeEnum = (typeof AuthModeEnum)[keyof typeof AuthModeEnum];
