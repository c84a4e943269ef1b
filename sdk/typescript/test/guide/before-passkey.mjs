import { authenticatePasskeyMFA, isMfaRequiredForAction, MFAAction } from '@dynamic-labs-sdk/client';

export const exportKey = async ({ exportPrivateKey }) => {
  const isMfaRequired = await isMfaRequiredForAction({ mfaAction: MFAAction.WalletWaasExport });
  if (isMfaRequired) {
    await authenticatePasskeyMFA({ createMfaToken: { singleUse: true } });
  }
  return exportPrivateKey();
};
