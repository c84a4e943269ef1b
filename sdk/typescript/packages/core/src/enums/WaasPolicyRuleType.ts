export const WaasPolicyRuleType = {
  Allow: 'allow',
  Deny: 'deny',
} as const;

export type WaasPolicyRuleType = (typeof WaasPolicyRuleType)[keyof typeof WaasPolicyRuleType];
