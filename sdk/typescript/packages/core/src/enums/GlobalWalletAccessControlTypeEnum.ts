export const GlobalWalletAccessControlTypeEnum = {
  Allow: 'allow',
  Block: 'block',
} as const;

export type GlobalWalletAccessControlTypeEnum = (typeof GlobalWalletAccessControlTypeEnum)[keyof typeof GlobalWalletAccessControlTypeEnum];
