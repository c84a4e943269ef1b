import { MFAAction, type ReactNativeClient, TokenScope } from '@stepup-auth/react-native';
import { useSyncExternalStore } from 'react';
import { Text } from 'react-native';
import { Button, Card, Say, useColors, useDoing } from './parts';
import type { Version } from './settings';

export const Wallet = ({ client, version }: { client: ReactNativeClient; version: Version }) => {
  const { wallets, stepUpAuth, mfa, ui } = client;
  const primary = useSyncExternalStore(wallets.onChanged, () => wallets.primary, () => null);
  const colors = useColors();
  const { said, busy, run } = useDoing();
  // The upgrade guide's code: with the new version a proof for the one scope, before it a token for whatever is on.
  const prove = async (): Promise<void> => {
    if (version === '2026_04_01') {
      if (await stepUpAuth.isStepUpRequired({ scope: TokenScope.Walletexport })) await stepUpAuth.promptStepUpAuth({ requestedScopes: [TokenScope.Walletexport] });
    } else if (await mfa.isRequiredForAction({ mfaAction: MFAAction.WalletWaasExport })) await ui.mfa.show({ createMfaToken: true });
  };
  const exportKey = () => run(async () => {
    await prove();
    await primary!.exportWaasPrivateKey();
    return 'The key was shown. This app has not seen it.';
  });
  const exportAgain = () => run(async () => {
    await primary!.exportWaasPrivateKey();
    return 'It was shown without a proof!';
  });
  return (
    <Card title="Wallet" hint="Kept by the server in two halves. Its key leaves only to your own eyes.">
      {primary ? (
        <>
          <Text testID="address" style={{ color: colors.text }}>{primary.address}</Text>
          <Button busy={busy} onPress={() => void exportKey()}>Show the private key</Button>
          <Button quiet busy={busy} onPress={() => void exportAgain()}>Try without a proof</Button>
        </>
      ) : (
        <Button busy={busy} onPress={() => void run(async () => void (await wallets.create({ chain: 'EVM' })))}>Create a wallet</Button>
      )}
      <Say said={said} />
    </Card>
  );
};
