import { authenticateTotpMfaDevice, isMfaRequiredForAction } from '@dynamic-labs-sdk/client';
import { MFAAction } from '@dynamic-labs/sdk-api-core';

export const exportKey = async ({ code, exportPrivateKey }) => {
  const isMfaRequired = await isMfaRequiredForAction({ mfaAction: MFAAction.WalletWaasExport });
  if (isMfaRequired) {
    await authenticateTotpMfaDevice({ code, createMfaTokenOptions: { singleUse: true } });
  }
  return exportPrivateKey();
};
