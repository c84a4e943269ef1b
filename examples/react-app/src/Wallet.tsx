import { TokenScope, usePrimaryWallet, useStepUp, useStepUpAuthentication, useWallets } from '@stepup-auth/react';
import { Card, Say, stopped, useDoing } from './parts.js';

export const Wallet = () => {
  const { isLoading, createWallet } = useWallets();
  const primaryWallet = usePrimaryWallet();
  const { promptStepUpAuth } = useStepUpAuthentication();
  const { said, busy, run } = useDoing();
  const sign = useStepUp((_, text: string) => primaryWallet!.signMessage(text), { scope: TokenScope.Walletsign });

  const create = () => run(async () => {
    await createWallet({ chain: 'EVM' });
    return 'Your wallet is ready.';
  });
  const signText = () => run(async () => {
    const done = await sign.run('Hello from Kite');
    return stopped(done) ?? ('result' in done ? `Signed: ${done.result.slice(0, 18)}…` : undefined);
  });
  // In two steps, to show both: the next line never runs without a proof. useStepUp would do the same in one.
  const exportKey = () => run(async () => {
    await promptStepUpAuth({ requestedScopes: [TokenScope.Walletexport] });
    await primaryWallet!.exportWaasPrivateKey();
    return { kind: 'note', text: 'The key was shown. This page has not seen it.' };
  });

  return (
    <Card name="wallet" title="Wallet" hint="Kept by the server in two halves. Its key leaves only to your own eyes.">
      {primaryWallet ? (
        <>
          <p className="address"><code>{primaryWallet.address}</code></p>
          <div className="row">
            <button disabled={busy} onClick={() => void signText()}>Sign a message</button>
            <button className="danger" disabled={busy} onClick={() => void exportKey()}>Show the private key</button>
          </div>
        </>
      ) : (
        <div className="row">
          <button className="primary" disabled={busy || isLoading} onClick={() => void create()}>Create a wallet</button>
        </div>
      )}
      <Say said={said} />
    </Card>
  );
};
