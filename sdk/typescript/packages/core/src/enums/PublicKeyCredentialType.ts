export const PublicKeyCredentialType = {
  PublicKey: 'public-key',
} as const;

export type PublicKeyCredentialType = (typeof PublicKeyCredentialType)[keyof typeof PublicKeyCredentialType];
