import { authenticateTotpMfaDevice, checkStepUpAuth } from '@dynamic-labs-sdk/client';
import { TokenScope } from '@dynamic-labs/sdk-api-core';

export const exportKey = async ({ code, exportPrivateKey }) => {
  const { isRequired } = await checkStepUpAuth({ scope: TokenScope.Walletexport });
  if (isRequired) {
    await authenticateTotpMfaDevice({ code, requestedScopes: [TokenScope.Walletexport] });
  }
  return exportPrivateKey();
};
