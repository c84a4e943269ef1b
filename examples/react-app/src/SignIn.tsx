import { type OTPVerification, sendEmailOTP, signInWithPasskey, verifyOTP } from '@stepup-auth/client';
import { useStepUpClient } from '@stepup-auth/react';
import { type ReactNode, useState } from 'react';
import { Say, useDoing } from './parts.js';

export const SignIn = ({ children }: { children: ReactNode }) => {
  const client = useStepUpClient();
  const [sent, setSent] = useState<OTPVerification | null>(null);
  const { said, busy, run } = useDoing();
  const send = (email: string) => run(async () => setSent(await sendEmailOTP({ email }, client)));
  const verify = (code: string) => run(async () => void (await verifyOTP({ verificationToken: code, otpVerification: sent! }, client)));
  const usePasskey = () => run(async () => void (await signInWithPasskey({}, client)));
  return (
    <div className="welcome">
      <section className="hero">
        <h1>Money that asks<br />before it moves.</h1>
        <p>A small app with a wallet. Whatever matters in it asks you once more who you are.</p>
      </section>
      <section className="card signin" aria-labelledby="signin-title">
        <h2 id="signin-title">{sent ? 'Check your mail' : 'Sign in'}</h2>
        <form
          key={sent ? 'code' : 'email'}
          action={(form) => void (sent ? verify(String(form.get('code'))) : send(String(form.get('email'))))}
        >
          {sent ? (
            <label>
              The code we sent to {sent.email}
              <input
                name="code" className="code" inputMode="numeric" autoComplete="one-time-code" placeholder="······"
                required autoFocus
              />
            </label>
          ) : (
            <label>
              Email address
              <input name="email" type="email" autoComplete="email" required placeholder="ada@example.com" />
            </label>
          )}
          <button className="primary" disabled={busy}>{sent ? 'Sign in' : 'Email me a code'}</button>
          {sent ? (
            <button type="button" className="quiet" onClick={() => setSent(null)}>Another address</button>
          ) : (
            <button type="button" className="quiet" disabled={busy} onClick={() => void usePasskey()}>Use a passkey</button>
          )}
        </form>
        <Say said={said} />
        {!sent && children}
      </section>
    </div>
  );
};
