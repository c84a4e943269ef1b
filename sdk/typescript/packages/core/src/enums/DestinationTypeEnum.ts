export const DestinationTypeEnum = {
  Address: 'address',
} as const;

export type DestinationTypeEnum = (typeof DestinationTypeEnum)[keyof typeof DestinationTypeEnum];
