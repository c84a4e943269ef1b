export const PasskeyCredentialType = {
  PublicKey: 'public-key',
} as const;

export type PasskeyCredentialType = (typeof PasskeyCredentialType)[keyof typeof PasskeyCredentialType];
