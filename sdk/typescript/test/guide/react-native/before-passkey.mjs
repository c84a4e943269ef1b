import { MFAAction } from '@dynamic-labs/sdk-api-core';

export const exportKey = async ({ client }) => {
  const primaryWallet = client.wallets.primary;
  const isMfaRequired = await client.mfa.isRequiredForAction({ mfaAction: MFAAction.WalletWaasExport });
  if (isMfaRequired) {
    const passkeys = await client.passkeys.get();
    if (passkeys.length === 0) {
      await client.passkeys.register();
    }
    await client.passkeys.authenticateMFA({ createMfaToken: { singleUse: false } });
  }
  await primaryWallet.exportWaasPrivateKey();
};
