export const DelegatedShareDeliveryResponseStatusEnum = {
  Accepted: 'accepted',
  Queued: 'queued',
} as const;

export type DelegatedShareDeliveryResponseStatusEnum = (typeof DelegatedShareDeliveryResponseStatusEnum)[keyof typeof DelegatedShareDeliveryResponseStatusEnum];
