export const TravelRuleDataBeneficiaryWalletTypeEnum = {
  SelfHosted: 'WALLET_TYPE_SELF_HOSTED',
  Exchange: 'WALLET_TYPE_EXCHANGE',
} as const;

export type TravelRuleDataBeneficiaryWalletTypeEnum = (typeof TravelRuleDataBeneficiaryWalletTypeEnum)[keyof typeof TravelRuleDataBeneficiaryWalletTypeEnum];
