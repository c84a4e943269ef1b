export const PublishEventsEventsTypeEnum = {
  Track: 'track',
} as const;

export type PublishEventsEventsTypeEnum = (typeof PublishEventsEventsTypeEnum)[keyof typeof PublishEventsEventsTypeEnum];
