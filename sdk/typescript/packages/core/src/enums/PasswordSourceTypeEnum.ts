export const PasswordSourceTypeEnum = {
  Dynamic: 'dynamic',
  User: 'user',
} as const;

export type PasswordSourceTypeEnum = (typeof PasswordSourceTypeEnum)[keyof typeof PasswordSourceTypeEnum];
