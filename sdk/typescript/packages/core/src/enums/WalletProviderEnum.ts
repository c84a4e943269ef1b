export const WalletProviderEnum = {
  BrowserExtension: 'browserExtension',
  CustodialService: 'custodialService',
  WalletConnect: 'walletConnect',
  QrCode: 'qrCode',
  DeepLink: 'deepLink',
  EmbeddedWallet: 'embeddedWallet',
  SmartContractWallet: 'smartContractWallet',
} as const;

export type WalletProviderEnum = (typeof WalletProviderEnum)[keyof typeof WalletProviderEnum];
