import { TokenScope } from '@dynamic-labs/sdk-api-core';

export const exportKey = async ({ client }) => {
  const primaryWallet = client.wallets.primary;
  const isRequired = await client.stepUpAuth.isStepUpRequired({ scope: TokenScope.Walletexport });
  if (isRequired) {
    await client.stepUpAuth.promptStepUpAuth({ requestedScopes: [TokenScope.Walletexport] });
  }
  await primaryWallet.exportWaasPrivateKey();
};
