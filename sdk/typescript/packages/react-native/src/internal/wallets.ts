import type { CreateWalletParams, StepUpClient } from '@stepup-auth/client';
import { type StepUpWallet, walletsOf as keptWalletsOf } from '@stepup-auth/react/calls';

export interface WalletsModule {
  /** The first active wallet; null while there is none, or it is not known yet: reading it asks for the wallets, once a session. */
  readonly primary: StepUpWallet | null;
  /** Those that are known; reading them asks, as {@link primary} does. */
  readonly userWallets: readonly StepUpWallet[];
  /** Asks for them, and waits for the answer. */
  load(): Promise<readonly StepUpWallet[]>;
  create(params: CreateWalletParams): Promise<StepUpWallet>;
  /** Is told when they change, until what is answered is called. */
  onChanged(listener: () => void): () => void;
}

export const walletsOf = (client: StepUpClient): WalletsModule => {
  const kept = keptWalletsOf(client);
  const known = (): readonly StepUpWallet[] => {
    const sessionId = client.user?.sessionId;
    if (sessionId === undefined) return [];
    kept.need(sessionId);
    return kept.known.sessionId === sessionId ? kept.known.wallets : [];
  };
  return {
    get primary() {
      return known().find(({ details }) => details.state === 'active') ?? null;
    },
    get userWallets() {
      return known();
    },
    load: () => kept.reload(),
    create: (params) => kept.create(params),
    onChanged: (listener) => kept.subscribe(listener),
  };
};
