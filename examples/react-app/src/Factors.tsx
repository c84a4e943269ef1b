import {
  acknowledgeRecoveryCodes,
  authenticateTotpMfaDevice,
  getMfaMethods,
  getMfaRecoveryCodes,
  isPendingRecoveryCodesAcknowledgment,
  registerTotpMfaDevice,
  StepUpRequiredError,
} from '@stepup-auth/client';
import type { MFARegisterTotpDeviceGetResponse } from '@stepup-auth/core';
import { TokenScope, useRegisterPasskey, useSession, useStepUp, useStepUpClient } from '@stepup-auth/react';
import { useEffect, useState } from 'react';
import { Card, Say, stopped, useDoing } from './parts.js';
import { Qr } from './Qr.js';

interface Factor {
  readonly id: string;
  readonly name: string;
}

/** Second factors. To add one takes a proof by what the user has already, so that a stolen session cannot. */
export const Factors = () => {
  const client = useStepUpClient();
  const { user } = useSession();
  const registerPasskey = useRegisterPasskey();
  const [factors, setFactors] = useState<readonly Factor[]>([]);
  const [enrolling, setEnrolling] = useState<MFARegisterTotpDeviceGetResponse | null>(null);
  const { said, busy, run } = useDoing();

  // Whoever is signed in is another object whenever something about the user changes.
  useEffect(() => {
    let wanted = true;
    getMfaMethods(client).then(
      ({ devices, passkeys }) => {
        if (!wanted) return;
        setFactors([
          ...devices.map(({ id = '', alias }) => ({ id, name: alias ?? 'Authenticator app' })),
          ...passkeys.map(({ id, alias }) => ({ id, name: alias ?? 'Passkey' })),
        ]);
      },
      () => undefined, // the session says what is wrong
    );
    return () => {
      wanted = false;
    };
  }, [client, user]);

  const begin = useStepUp(() => registerTotpMfaDevice(client), { scope: TokenScope.Credentiallink });
  const passkey = useStepUp(() => registerPasskey(), { scope: TokenScope.Credentiallink });
  const addApp = () => run(async () => {
    const done = await begin.run();
    if ('result' in done) setEnrolling(done.result);
    return stopped(done) ?? undefined;
  });
  const addPasskey = () => run(async () => stopped(await passkey.run()) ?? 'The passkey is yours. It signs you in, too.');
  const confirm = (code: string) => run(async () => {
    await authenticateTotpMfaDevice({ code, deviceId: enrolling!.id }, client);
    setEnrolling(null);
    return 'The app is your second factor now.';
  });

  return (
    <Card name="factors" title="Second factors" hint="Stronger than a mail, and asked for in its place from then on.">
      {factors.length > 0 && <ul className="list">{factors.map(({ id, name }) => <li key={id}>{name}</li>)}</ul>}
      {enrolling ? (
        <form className="enrol" action={(form) => void confirm(String(form.get('code')))}>
          <Qr text={enrolling.uri} label="QR code with the secret beside it" />
          <div>
            <p>Scan this with your app, or type the secret into it:</p>
            <p><code data-secret>{enrolling.secret}</code></p>
            <label>
              The code it shows
              <input
                name="code" className="code" inputMode="numeric" autoComplete="one-time-code" placeholder="······"
                required autoFocus
              />
            </label>
            <div className="row">
              <button className="primary" disabled={busy}>Confirm</button>
              <button type="button" className="quiet" onClick={() => setEnrolling(null)}>Not now</button>
            </div>
          </div>
        </form>
      ) : (
        <div className="row">
          <button disabled={busy} onClick={() => void addApp()}>Add an authenticator app</button>
          <button disabled={busy} onClick={() => void addPasskey()}>Add a passkey</button>
        </div>
      )}
      {isPendingRecoveryCodesAcknowledgment(client) && <RecoveryCodes />}
      <Say said={said} />
    </Card>
  );
};

/** Recovery codes, until their owner says that they are kept. They are there after the first factor, and at each sign-in until then. */
const RecoveryCodes = () => {
  const client = useStepUpClient();
  const [codes, setCodes] = useState<readonly string[]>([]);
  const { said, busy, run } = useDoing();
  const fetchCodes = useStepUp(() => getMfaRecoveryCodes(client), { scope: TokenScope.Credentiallink });
  const show = () => run(async () => {
    try {
      return setCodes((await getMfaRecoveryCodes(client)).recoveryCodes); // right after the factor was enrolled nothing more is asked for
    } catch (error) {
      if (!(error instanceof StepUpRequiredError)) throw error;
    }
    const done = await fetchCodes.run();
    if ('result' in done) setCodes(done.result.recoveryCodes);
    return stopped(done) ?? undefined;
  });
  const kept = () => run(() => acknowledgeRecoveryCodes(client));
  return (
    <section aria-labelledby="recovery-title" data-recovery>
      <h3 id="recovery-title">Keep your recovery codes</h3>
      <p className="hint">Whoever loses the factor gets in with one of these. Each works once.</p>
      {codes.length > 0 && <ul className="list">{codes.map((code) => <li key={code}><code>{code}</code></li>)}</ul>}
      <div className="row">
        {codes.length > 0
          ? <button className="primary" disabled={busy} onClick={() => void kept()}>I have kept them</button>
          : <button disabled={busy} onClick={() => void show()}>Show the codes</button>}
      </div>
      <Say said={said} />
    </section>
  );
};
