import type { EnsureResult } from '@stepup-auth/client';
import { type ReactNode, useState } from 'react';

export const Card = ({ title, hint, children, name }: { title: string; hint?: string; children: ReactNode; name: string }) => (
  <section className="card" data-card={name} aria-labelledby={`${name}-title`}>
    <h2 id={`${name}-title`}>{title}</h2>
    {hint && <p className="hint">{hint}</p>}
    {children}
  </section>
);

/** What a card says about the last thing that was done on it. */
export interface Said {
  readonly kind: 'good' | 'bad' | 'note';
  readonly text: string;
}

export const Say = ({ said }: { said: Said | null }) => (
  <div className="said" role="status">{said && <p className={said.kind}>{said.text}</p>}</div>
);

/** Runs what a button does, and says how it ended. What it answers is good news. */
export const useDoing = () => {
  const [said, setSaid] = useState<Said | null>(null);
  const [busy, setBusy] = useState(false);
  const run = async (work: () => Promise<string | Said | void>): Promise<void> => {
    setBusy(true);
    setSaid(null);
    try {
      const ended = await work();
      if (ended) setSaid(typeof ended === 'string' ? { kind: 'good', text: ended } : ended);
    } catch (error) {
      setSaid(saidOf(error));
    }
    setBusy(false);
  };
  return { said, busy, run };
};

const cancelled = new Set(['step_up_cancelled', 'passkey_cancelled']);

const saidOf = (error: unknown): Said => {
  const { code, message } = error as { code?: string; message: string };
  return code !== undefined && cancelled.has(code) ? { kind: 'note', text: 'Nothing was done.' } : { kind: 'bad', text: message };
};

/** What is to be said of an action that `ensure` did not run. */
export const stopped = (done: EnsureResult<unknown>): Said | null => ('error' in done ? saidOf(done.error) : null);
