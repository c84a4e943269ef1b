// What the types demand and allow; package.test.mjs compiles it.
import { authenticateTotpMfaDevice, checkStepUpAuth, ensure, MFAAction, promptStepUpAuth, signWithWallet, TokenScope } from '@stepup-auth/client';

export const compiled = async (): Promise<void> => {
  // @ts-expect-error a scope is required
  await checkStepUpAuth({});
  // @ts-expect-error requestedScopes are required
  await promptStepUpAuth({});
  // @ts-expect-error a code is required
  await authenticateTotpMfaDevice({ requestedScopes: [TokenScope.Walletexport] });
  // @ts-expect-error one thing to sign is required
  await signWithWallet({ walletId: 'w' });
  // @ts-expect-error there is no such member
  void TokenScope.WalletExport;

  await checkStepUpAuth({ scope: 'transfer:create' });
  await authenticateTotpMfaDevice({ code: '123456' });
  const action: 'wallet.waas.export' = MFAAction.WalletWaasExport;
  const token: string = await promptStepUpAuth({ requestedScopes: [TokenScope.Walletexport, 'transfer:create'] });

  const done = await ensure('wallet:export', async () => 7);
  // @ts-expect-error the result is there only if the action ran
  void done.result;
  if (done.outcome === 'unavailable') console.log(done.error.reason satisfies string, action, token);
  else if (done.outcome !== 'cancelled') console.log(done.result satisfies number);
};
