export const RoomTypeEnum = {
  Threshold: 'threshold',
  Full: 'full',
} as const;

export type RoomTypeEnum = (typeof RoomTypeEnum)[keyof typeof RoomTypeEnum];
