import type { ReactNativeClient } from '@stepup-auth/react-native';
import { TokenScope, useSession } from '@stepup-auth/react';
import { useState } from 'react';
import { Text } from 'react-native';
import { Button, Card, Field, Say, useColors, useDoing } from './parts';

/** Second factors. To add one takes a proof by what the user has already, so that a stolen session cannot. */
export const Factors = ({ client }: { client: ReactNativeClient }) => {
  const { user } = useSession();
  const colors = useColors();
  const [secret, setSecret] = useState<string | null>(null);
  const [code, setCode] = useState('');
  const { said, busy, run } = useDoing();
  const factors = user?.verifiedCredentials.filter(({ format }) => format === 'totp' || format === 'passkey') ?? [];
  const linking = async (): Promise<void> => {
    if (!(await client.stepUpAuth.isStepUpRequired({ scope: TokenScope.Credentiallink }))) return;
    await client.stepUpAuth.promptStepUpAuth({ requestedScopes: [TokenScope.Credentiallink] });
  };
  const addApp = () => run(async () => {
    await linking();
    setSecret((await client.mfa.addDevice('totp')).secret);
    setCode('');
  });
  const confirm = () => run(async () => {
    await client.mfa.verifyDevice(code, 'totp');
    setSecret(null);
    return 'The app is your second factor now.';
  });
  const addPasskey = () => run(async () => {
    await linking();
    await client.passkeys.register();
    return 'The passkey is yours.';
  });
  return (
    <Card title="Second factors" hint={factors.length ? factors.map(({ format }) => (format === 'totp' ? 'Authenticator app' : 'Passkey')).join(', ') : 'None yet.'}>
      {secret === null ? (
        <>
          <Button quiet busy={busy} onPress={() => void addApp()}>Add an authenticator app</Button>
          <Button quiet busy={busy} onPress={() => void addPasskey()}>Add a passkey</Button>
        </>
      ) : (
        <>
          <Text selectable testID="secret" style={{ color: colors.text }}>{secret}</Text>
          <Field label="The code it shows" code value={code} onChange={setCode} />
          <Button busy={busy} onPress={() => void confirm()}>Confirm</Button>
        </>
      )}
      <Say said={said} />
    </Card>
  );
};
