export const WaasDelegatedAccessEncryptionPublicKeyType = {
  Dynamic: 'dynamic',
  External: 'external',
} as const;

export type WaasDelegatedAccessEncryptionPublicKeyType = (typeof WaasDelegatedAccessEncryptionPublicKeyType)[keyof typeof WaasDelegatedAccessEncryptionPublicKeyType];
