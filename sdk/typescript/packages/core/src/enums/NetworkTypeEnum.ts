export const NetworkTypeEnum = {
  Custom: 'custom',
  Default: 'default',
} as const;

export type NetworkTypeEnum = (typeof NetworkTypeEnum)[keyof typeof NetworkTypeEnum];
