export const TravelRuleDataIsSelfTransferEnum = {
  True: 'IS_SELF_TRUE',
  False: 'IS_SELF_FALSE',
} as const;

export type TravelRuleDataIsSelfTransferEnum = (typeof TravelRuleDataIsSelfTransferEnum)[keyof typeof TravelRuleDataIsSelfTransferEnum];
