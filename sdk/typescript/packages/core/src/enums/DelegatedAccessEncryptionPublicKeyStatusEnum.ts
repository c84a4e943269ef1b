export const DelegatedAccessEncryptionPublicKeyStatusEnum = {
  Pending: 'pending',
  Active: 'active',
  Revoked: 'revoked',
} as const;

export type DelegatedAccessEncryptionPublicKeyStatusEnum = (typeof DelegatedAccessEncryptionPublicKeyStatusEnum)[keyof typeof DelegatedAccessEncryptionPublicKeyStatusEnum];
