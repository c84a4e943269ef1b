export const ScreenTransactionResponseDecisionEnum = {
  Allow: 'allow',
  Block: 'block',
} as const;

export type ScreenTransactionResponseDecisionEnum = (typeof ScreenTransactionResponseDecisionEnum)[keyof typeof ScreenTransactionResponseDecisionEnum];
