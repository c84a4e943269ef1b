// What the types of React Native's client object demand; package.test.mjs compiles it.
import type { StepUpClient } from '@stepup-auth/client';
import { createClient, MFAAction, TokenScope } from '@stepup-auth/react-native';

export const compiled = async (): Promise<void> => {
  const client = createClient({ environmentId: '11111111-2222-4333-8444-555555555555', apiBaseUrl: 'https://auth.example.com' });
  client satisfies StepUpClient;
  const { stepUpAuth, mfa, passkeys, ui, wallets } = client;

  // @ts-expect-error which scope?
  await stepUpAuth.isStepUpRequired({});
  // @ts-expect-error for what?
  await stepUpAuth.promptStepUpAuth({});
  // @ts-expect-error for what?
  await stepUpAuth.verifyTotpMfa({ code: '123456' });
  // @ts-expect-error for what?
  await stepUpAuth.verifyPasskeyMfa({});
  // @ts-expect-error for what?
  await stepUpAuth.verifyOtp({ verificationToken: '123456' });
  // @ts-expect-error for what?
  await stepUpAuth.verifyRecoveryCode({ code: 'x' });
  // @ts-expect-error it may be null
  await wallets.primary.exportWaasPrivateKey();
  // @ts-expect-error it gives nobody the key
  (await wallets.primary?.exportWaasPrivateKey()).length;

  const required: boolean = await stepUpAuth.isStepUpRequired({ scope: TokenScope.Walletexport });
  const token: string = await stepUpAuth.promptStepUpAuth({ requestedScopes: ['transfer:create'] });
  const before: boolean = await mfa.isRequiredForAction({ mfaAction: MFAAction.WalletWaasExport });
  await mfa.authenticateDevice({ code: '123456', createMfaToken: { singleUse: true } });
  await passkeys.authenticateMFA({ createMfaToken: { singleUse: false } });
  await ui.mfa.show({ createMfaToken: true });
  console.log(required, token, before, (await passkeys.get()).length);
};
