import { MFAAction } from '@dynamic-labs/sdk-api-core';

export const exportKey = async ({ client }) => {
  const primaryWallet = client.wallets.primary;
  const isMfaRequired = await client.mfa.isRequiredForAction({ mfaAction: MFAAction.WalletWaasExport });
  if (isMfaRequired) {
    await client.ui.mfa.show({ createMfaToken: true });
  }
  await primaryWallet.exportWaasPrivateKey();
};
