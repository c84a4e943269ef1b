import type { VerifyResponse, WalletProviderEnum } from '@stepup-auth/core';
import type { Gate } from './attach.js';
import type { Core } from './core.js';
import { memberOf } from './json.js';
import { send } from './send.js';
import type { Session } from './state.js';
import { verified } from './verified.js';
import { InvalidResponseError } from '../errors/InvalidResponseError.js';

/** A wallet that the user has elsewhere, and how to ask it for a signature. */
export interface WalletAccount {
  /** EVM addresses in their checksummed form. */
  address: string;
  /** `EVM` or `SOL`. */
  chain: string;
  /** Signs a text: `personal_sign` on EVM, `signMessage` on Solana. */
  signMessage(request: { message: string }): Promise<string>;
  /** Such as `MetaMask`. */
  walletName?: string;
  walletProvider?: WalletProviderEnum;
  /** Where it is on, such as `1`. */
  network?: string;
}

interface Door {
  readonly path: string;
  /** The session it is done in; null for a sign-in. */
  readonly within: Session | null;
  readonly requestedScopes?: readonly string[] | undefined;
  readonly bindingId?: string | undefined;
  readonly action?: 'transfer';
  readonly gate?: Gate;
}

/** Has a wallet sign the server's text, which says what it is for, and brings it to a door. */
export const signedByWallet = async (core: Core, account: WalletAccount, door: Door): Promise<VerifyResponse> => {
  const { address, chain, network } = account;
  const { within } = door;
  const session = within ?? 'none';
  const scopes = door.requestedScopes?.length ? { requestedScopes: door.requestedScopes } : {};
  const message = memberOf(
    await send(core, {
      method: 'POST',
      path: '/wallets/message',
      session,
      body: { address, chain, network, origin: core.config.origin, action: door.action, bindingId: door.bindingId, ...scopes },
    }),
    'message',
  );
  if (typeof message !== 'string') throw new InvalidResponseError();
  const name = (account.walletName ?? 'wallet').toLowerCase().replace(/[^a-z0-9]/g, '');
  const json = await send(core, {
    method: 'POST',
    path: door.path,
    session,
    body: {
      messageToSign: message,
      signedMessage: await account.signMessage({ message }),
      publicWalletAddress: address,
      chain,
      network,
      walletName: name + chain.toLowerCase(),
      walletProvider: account.walletProvider ?? 'browserExtension',
      bindingId: door.bindingId,
      ...scopes,
    },
    ...(door.gate ? { gate: door.gate } : {}),
  });
  return verified(core, json, { within, requestedScopes: door.requestedScopes });
};
