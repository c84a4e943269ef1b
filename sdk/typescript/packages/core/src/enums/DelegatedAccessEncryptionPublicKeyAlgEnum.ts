export const DelegatedAccessEncryptionPublicKeyAlgEnum = {
  RsaOaep256: 'RSA-OAEP-256',
  HybridRsaAes256: 'HYBRID-RSA-AES-256',
} as const;

export type DelegatedAccessEncryptionPublicKeyAlgEnum = (typeof DelegatedAccessEncryptionPublicKeyAlgEnum)[keyof typeof DelegatedAccessEncryptionPublicKeyAlgEnum];
