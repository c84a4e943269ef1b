// What TypeScript refuses, and what it infers. Each line after an @ts-expect-error must be a mistake.
import { TokenScope } from '@stepup-auth/core';
import type { EnsureResult } from '@stepup-auth/client';
import { StepUpProvider, usePromptMfaAuth, useStepUp, useStepUpAuthentication, useSyncMfaFlow } from '@stepup-auth/react';
import { useDynamicContext } from '@stepup-auth/react/compat';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const is = <A, B>(_: Same<A, B>): void => undefined;

export const Types = async () => {
  const auth = useStepUpAuthentication();
  useStepUpAuthentication({ credentialId: 'x' });

  await auth.isStepUpRequired({ scope: TokenScope.Walletexport });
  await auth.isStepUpRequired({ scope: 'transfer:create' });
  // @ts-expect-error which scope?
  await auth.isStepUpRequired({});
  // @ts-expect-error which scope?
  await auth.isStepUpRequired();
  // @ts-expect-error which scope?
  await auth.checkStepUpAuth({});

  const requestedScopes = [TokenScope.Walletexport];
  is<string, Awaited<ReturnType<typeof auth.promptStepUpAuth>>>(true);
  await auth.promptStepUpAuth({ requestedScopes });
  // @ts-expect-error for what?
  await auth.promptStepUpAuth({});
  // @ts-expect-error for what?
  await auth.promptStepUpAuth();
  // @ts-expect-error for what?
  await auth.promptMfa();
  // @ts-expect-error for what?
  await auth.promptReauthenticate();
  // @ts-expect-error scopes are a list
  await auth.promptStepUpAuth({ requestedScopes: TokenScope.Walletexport });

  await auth.verifyTotpMfa({ code: '123456', requestedScopes });
  // @ts-expect-error for what?
  await auth.verifyTotpMfa({ code: '123456' });
  // @ts-expect-error which code?
  await auth.verifyTotpMfa({ requestedScopes });
  await auth.verifyPasskeyMfa({ requestedScopes });
  // @ts-expect-error for what?
  await auth.verifyPasskeyMfa();
  await auth.verifyOtp({ verificationToken: '123456', requestedScopes });
  // @ts-expect-error for what?
  await auth.verifyOtp({ verificationToken: '123456' });
  // @ts-expect-error for what?
  await auth.verifyRecoveryCode({ code: 'x' });
  // @ts-expect-error for what?
  await auth.verifySocial({ provider: 'github' });
  // @ts-expect-error which wallet?
  await auth.verifyWallet({ requestedScopes });
  await auth.sendOtp();
  await usePromptMfaAuth()({ createMfaToken: true });
  useSyncMfaFlow({ handler: async () => undefined });
  // @ts-expect-error what is to be called?
  useSyncMfaFlow({});

  const step = useStepUp(async ({ token }, n: number, text?: string) => ({ n, text, token: token() }), { scope: 'transfer:create' });
  is<[n: number, text?: string | undefined], Parameters<typeof step.run>>(true);
  is<Promise<EnsureResult<{ n: number; text: string | undefined; token: string | undefined }>>, ReturnType<typeof step.run>>(true);
  // @ts-expect-error a number
  await step.run('x');
  // @ts-expect-error which scope?
  useStepUp(() => 1, {});
  // @ts-expect-error which scope?
  useStepUp(() => 1);

  const { user, primaryWallet } = useDynamicContext();
  is<string | undefined, typeof user extends infer U ? (U extends { userId: infer I } ? I : undefined) : never>(true);
  // @ts-expect-error there may be none
  await primaryWallet.signMessage('x');
  await primaryWallet?.sign({ message: 'x' });
  // @ts-expect-error it names itself
  await primaryWallet?.sign({ walletId: 'x', message: 'x' });
  // @ts-expect-error nothing to sign
  await primaryWallet?.sign({});

  // @ts-expect-error which client?
  return <StepUpProvider />;
};
