export const OauthResultStatus = {
  Pending: 'pending',
  Completed: 'completed',
} as const;

export type OauthResultStatus = (typeof OauthResultStatus)[keyof typeof OauthResultStatus];
