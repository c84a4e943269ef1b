import { authenticatePasskeyMFA, checkStepUpAuth } from '@dynamic-labs-sdk/client';
import { TokenScope } from '@dynamic-labs/sdk-api-core';

export const exportKey = async ({ exportPrivateKey }) => {
  const { isRequired } = await checkStepUpAuth({ scope: TokenScope.Walletexport });
  if (isRequired) {
    await authenticatePasskeyMFA({ requestedScopes: [TokenScope.Walletexport] });
  }
  return exportPrivateKey();
};
