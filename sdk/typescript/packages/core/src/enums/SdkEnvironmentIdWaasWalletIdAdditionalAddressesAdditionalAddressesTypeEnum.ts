export const SdkEnvironmentIdWaasWalletIdAdditionalAddressesAdditionalAddressesTypeEnum = {
  Shielded: 'midnight_shielded',
  Dust: 'midnight_dust',
  Unshielded: 'midnight_unshielded',
} as const;

export type SdkEnvironmentIdWaasWalletIdAdditionalAddressesAdditionalAddressesTypeEnum = (typeof SdkEnvironmentIdWaasWalletIdAdditionalAddressesAdditionalAddressesTypeEnum)[keyof typeof SdkEnvironmentIdWaasWalletIdAdditionalAddressesAdditionalAddressesTypeEnum];
