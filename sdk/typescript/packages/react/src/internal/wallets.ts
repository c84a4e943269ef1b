import { createWallet, type CreateWalletParams, getWallets, type StepUpClient } from '@stepup-auth/client';
import type { EmbeddedWallet } from '@stepup-auth/core';
import { type StepUpWallet, walletOf } from './wallet.js';

/** What is known of the wallets of one session. */
export interface Known {
  readonly sessionId: string | undefined;
  readonly wallets: readonly StepUpWallet[];
  /** Whether they were asked for and answered, in whatever way. */
  readonly loaded: boolean;
  readonly error: unknown;
}

export const unknown: Known = { sessionId: undefined, wallets: [], loaded: false, error: null };

/**
 * The wallets of a client's user, asked for once for all components that want them. Answers of an ended session are dropped, and those
 * that a newer question has overtaken.
 */
export class Wallets {
  known: Known = unknown;
  #asked: string | undefined;
  #turn = 0;
  readonly #listeners = new Set<() => void>();

  constructor(private readonly client: StepUpClient) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => {
      this.#listeners.delete(listener);
    };
  };

  /** Asks unless the session's wallets are known or were asked for. */
  need(sessionId: string): void {
    if (this.#asked === sessionId) return;
    this.reload().catch(() => undefined); // it is in known
  }

  readonly reload = (): Promise<readonly StepUpWallet[]> => {
    this.#asked = this.client.user?.sessionId;
    return this.#load(this.#asked);
  };

  readonly create = async (params: CreateWalletParams): Promise<StepUpWallet> => {
    const made = await createWallet(params, this.client);
    const wallets = await this.reload().catch(() => []); // it is made, whatever the list says
    return wallets.find(({ id }) => id === made.walletId) ?? walletOf(made, this.client, this.reload);
  };

  async #load(sessionId: string | undefined): Promise<readonly StepUpWallet[]> {
    const mine = (this.#turn += 1);
    try {
      const all = await getWallets(this.client);
      const before = this.known.sessionId === sessionId ? this.known.wallets : [];
      const wallets = all.map((details) => before.find((wallet) => same(wallet.details, details)) ?? walletOf(details, this.client, this.reload));
      if (mine === this.#turn) this.#tell({ sessionId, wallets, loaded: true, error: null });
      return wallets;
    } catch (error) {
      if (mine === this.#turn) this.#tell({ ...(this.known.sessionId === sessionId ? this.known : unknown), sessionId, loaded: true, error });
      throw error;
    }
  }

  #tell(known: Known): void {
    if (known.sessionId === undefined || known.sessionId !== this.client.user?.sessionId) return;
    this.known = known;
    for (const listener of this.#listeners) listener();
  }
}

const same = (a: EmbeddedWallet, b: EmbeddedWallet): boolean => JSON.stringify(a) === JSON.stringify(b);

const ofClients = new WeakMap<StepUpClient, Wallets>();

export const walletsOf = (client: StepUpClient): Wallets => {
  const wallets = ofClients.get(client) ?? new Wallets(client);
  ofClients.set(client, wallets);
  return wallets;
};
