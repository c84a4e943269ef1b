export const SwapStatusResponseStatusEnum = {
  Pending: 'PENDING',
  Done: 'DONE',
  Failed: 'FAILED',
  NotFound: 'NOT_FOUND',
} as const;

export type SwapStatusResponseStatusEnum = (typeof SwapStatusResponseStatusEnum)[keyof typeof SwapStatusResponseStatusEnum];
