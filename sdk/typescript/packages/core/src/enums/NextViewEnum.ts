export const NextViewEnum = {
  Done: 'done',
  VerifyEmail: 'verify-email',
  VerifiedAndTransferred: 'verified-and-transferred',
  VerifySms: 'verify-sms',
} as const;

export type NextViewEnum = (typeof NextViewEnum)[keyof typeof NextViewEnum];
