import { StepUpProvider, useSession } from '@stepup-auth/react';
import { useState } from 'react';
import { Account } from './Account.js';
import { Factors } from './Factors.js';
import { Pay } from './Pay.js';
import { clientOf, serverUrl, storedVersion, storeVersion, type Version } from './settings.js';
import { Settings } from './Settings.js';
import { SignIn } from './SignIn.js';
import { Wallet } from './Wallet.js';

/** What the prompt calls the app's own scope. Those of the server it knows, in each of its languages. */
const prompt = { texts: { scopes: { 'transfer:create': 'Send money from your account' } } };

/** The provider brings the prompt: nothing here asks for a proof, and everything that needs one gets it. */
export const App = () => {
  const [version, setVersion] = useState(storedVersion);
  const choose = (chosen: Version): void => {
    storeVersion(chosen);
    setVersion(chosen);
  };
  return (
    <StepUpProvider key={version} client={clientOf(version)} prompt={prompt}>
      <Page version={version} onVersion={choose} />
    </StepUpProvider>
  );
};

const Page = ({ version, onVersion }: { version: Version; onVersion: (version: Version) => void }) => {
  const { status, error } = useSession();
  const settings = <Settings version={version} onVersion={onVersion} />;
  return (
    <>
      <header className="bar">
        <span className="brand"><img src="/kite.svg" alt="" width="28" height="28" />Kite</span>
        <a href={`${serverUrl}/dev/inbox`} target="kite-inbox">Inbox</a>
        {status === 'signedIn' && <Account />}
      </header>
      <main>
        {status === 'signedOut' && <SignIn>{settings}</SignIn>}
        {status === 'failed' && <p className="alert" role="alert">{(error as Error).message}</p>}
        {status === 'signedIn' && (
          <>
            <h1>Good to see you.</h1>
            <div className="cards">
              <Wallet />
              {version === '2026_04_01' && <Pay />}
              <Factors />
              {settings}
            </div>
          </>
        )}
      </main>
    </>
  );
};
