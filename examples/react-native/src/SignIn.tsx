import type { ReactNativeClient } from '@stepup-auth/react-native';
import { useState } from 'react';
import { Button, Card, Field, Say, useDoing } from './parts';

export const SignIn = ({ client }: { client: ReactNativeClient }) => {
  const [email, setEmail] = useState('');
  const [code, setCode] = useState<string | null>(null);
  const { said, busy, run } = useDoing();
  const send = () => run(async () => {
    await client.auth.email.sendOTP(email);
    setCode('');
  });
  return (
    <Card title={code === null ? 'Sign in' : 'Check your mail'} hint="Whatever matters in this app asks you once more who you are.">
      {code === null ? (
        <>
          <Field label="Email address" value={email} onChange={setEmail} />
          <Button busy={busy} onPress={() => void send()}>Email me a code</Button>
        </>
      ) : (
        <>
          <Field label="The code we sent" code value={code} onChange={setCode} />
          <Button busy={busy} onPress={() => void run(() => client.auth.email.verifyOTP(code))}>Sign in</Button>
        </>
      )}
      <Say said={said} />
    </Card>
  );
};
