import { useStepUp, useStepUpClient } from '@stepup-auth/react';
import { useCallback, useEffect, useState } from 'react';
import { Card, Say, stopped, useDoing } from './parts.js';

interface BankAccount {
  readonly id: string;
  readonly name?: string;
  readonly balance: number;
}

const euros = new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR', maximumFractionDigits: 0 });
const money = (amount: number) => euros.format(amount);

/** A scope of the app's own: transfer:create guards your API, here the example bank, which takes each token once. */
export const Pay = () => {
  const client = useStepUpClient();
  const [own, setOwn] = useState<BankAccount | null>(null);
  const { said, busy, run } = useDoing();

  const load = useCallback(async () => {
    const response = await fetch('/bank/accounts', { headers: { Authorization: `Bearer ${client.token}` } });
    const { accounts } = (await response.json()) as { accounts?: BankAccount[] };
    setOwn(accounts?.[0] ?? null);
  }, [client]);
  useEffect(() => {
    load().catch(() => setOwn(null)); // the bank is not running
  }, [load]);

  const transfer = useStepUp(
    ({ token }, to: string, amount: number) =>
      fetch('/bank/transfers', {
        method: 'POST',
        redirect: 'error',
        headers: { Authorization: `Bearer ${client.token}`, 'Content-Type': 'application/json', 'Elevated-Access-Token': token() ?? '' },
        body: JSON.stringify({ to, amount }),
      }),
    { scope: 'transfer:create' },
  );
  const send = (form: FormData) => run(async () => {
    const [to, amount] = [String(form.get('to')), Number(form.get('amount'))];
    const done = await transfer.run(to, amount);
    if (!('result' in done)) return stopped(done) ?? undefined;
    if (!done.result.ok) {
      const { error = done.result.status } = (await done.result.json()) as { error?: string };
      return { kind: 'bad', text: `The bank refused: ${error}` };
    }
    await load();
    return `${money(amount)} went to ${to}.`;
  });

  return (
    <Card name="pay" title="Send money">
      {own
        ? <p className="balance" data-balance={own.balance}>{money(own.balance)}</p>
        : <p className="hint">The example bank is not running.</p>}
      <form className="pair" onSubmit={(event) => {
        event.preventDefault();
        void send(new FormData(event.currentTarget));
      }}>
        <label>To<input name="to" required defaultValue="bob" autoComplete="off" autoCapitalize="none" /></label>
        <label>Euros<input name="amount" type="number" min="1" step="1" required defaultValue="25" inputMode="numeric" /></label>
        <button className="primary" disabled={busy || !own}>Send</button>
      </form>
      <Say said={said} />
    </Card>
  );
};
