export const EmbeddedWalletSecurityMethod = {
  Passkey: 'passkey',
  Passphrase: 'passphrase',
} as const;

export type EmbeddedWalletSecurityMethod = (typeof EmbeddedWalletSecurityMethod)[keyof typeof EmbeddedWalletSecurityMethod];
