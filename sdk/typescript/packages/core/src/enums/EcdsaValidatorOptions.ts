export const EcdsaValidatorOptions = {
  SignerToEcdsa: 'zerodev_signer_to_ecdsa',
  MultiChain: 'zerodev_multi_chain',
} as const;

export type EcdsaValidatorOptions = (typeof EcdsaValidatorOptions)[keyof typeof EcdsaValidatorOptions];
