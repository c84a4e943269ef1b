import { MFAAction } from '@dynamic-labs/sdk-api-core';

export const exportKey = async ({ client, code }) => {
  const primaryWallet = client.wallets.primary;
  const isMfaRequired = await client.mfa.isRequiredForAction({ mfaAction: MFAAction.WalletWaasExport });
  if (isMfaRequired) {
    await client.mfa.authenticateDevice({ code, createMfaToken: { singleUse: true } });
  }
  await primaryWallet.exportWaasPrivateKey();
};
