export const GetEVMSponsoredTransactionStatusResponseStatusEnum = {
  Pending: 'pending',
  Submitted: 'submitted',
  Success: 'success',
  Failure: 'failure',
} as const;

export type GetEVMSponsoredTransactionStatusResponseStatusEnum = (typeof GetEVMSponsoredTransactionStatusResponseStatusEnum)[keyof typeof GetEVMSponsoredTransactionStatusResponseStatusEnum];
