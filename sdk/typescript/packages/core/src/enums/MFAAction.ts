export const MFAAction = {
  WalletWaasSign: 'wallet.waas.sign',
  WalletWaasExport: 'wallet.waas.export',
  WalletWaasReshare: 'wallet.waas.reshare',
  WalletWaasRefresh: 'wallet.waas.refresh',
  UserUpdate: 'user.update',
} as const;

export type MFAAction = (typeof MFAAction)[keyof typeof MFAAction];
