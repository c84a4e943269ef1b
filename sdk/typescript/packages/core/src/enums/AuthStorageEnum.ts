export const AuthStorageEnum = {
  Localstorage: 'localstorage',
  Cookie: 'cookie',
} as const;

export type AuthStorageEnum = (typeof AuthStorageEnum)[keyof typeof AuthStorageEnum];
