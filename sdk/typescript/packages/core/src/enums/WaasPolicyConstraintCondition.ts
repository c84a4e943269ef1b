export const WaasPolicyConstraintCondition = {
  Equal: 'equal',
  Greater: 'greater',
  Less: 'less',
  GreaterEqual: 'greaterEqual',
  LessEqual: 'lessEqual',
  NotEqual: 'notEqual',
} as const;

export type WaasPolicyConstraintCondition = (typeof WaasPolicyConstraintCondition)[keyof typeof WaasPolicyConstraintCondition];
