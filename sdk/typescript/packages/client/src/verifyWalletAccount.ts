import type { VerifyResponse } from '@stepup-auth/core';
import { begin } from './internal/call.js';
import type { StepUpClient } from './internal/client.js';
import type { Scope } from './internal/scope.js';
import { signedByWallet, type WalletAccount } from './internal/wallet.js';

export interface VerifyWalletAccountParams {
  walletAccount: WalletAccount;
  /** What it proves: the token for it is held afterwards. */
  requestedScopes?: readonly Scope[];
  /** The one transaction to confirm, from `registerBinding`: the text to sign says it. */
  bindingId?: string | undefined;
}

/**
 * Has a wallet sign a text that says what it is for. Signed out it signs in. Signed in it proves it is the user, with scopes; without,
 * it links the wallet, for which a token for `credential:link` is needed.
 *
 * @throws APIError `invalid_verification`, WalletAlreadyLinkedToAnotherUserError, StepUpRequiredError when linking without a token, and
 * whatever `signMessage` rejects with.
 * @example
 * ```ts
 * import { verifyWalletAccount } from '@stepup-auth/client';
 *
 * const ethereum = (window as unknown as { ethereum: { request(call: object): Promise<string> } }).ethereum;
 * const address = '0x9d8A62f656a8d1615C1294fd71e9CFb3E4855A4F';
 * await verifyWalletAccount({
 *   walletAccount: {
 *     address,
 *     chain: 'EVM',
 *     walletName: 'MetaMask',
 *     signMessage: ({ message }) => ethereum.request({ method: 'personal_sign', params: [message, address] }),
 *   },
 *   requestedScopes: ['wallet:export'],
 * });
 * ```
 */
export const verifyWalletAccount = async (
  { walletAccount, requestedScopes, bindingId }: VerifyWalletAccountParams,
  client?: StepUpClient,
): Promise<VerifyResponse> => {
  const { core, within } = await begin(client, 'if-any');
  if (!within) return signedByWallet(core, walletAccount, { path: '/wallets/signin', within });
  if (requestedScopes?.length) return signedByWallet(core, walletAccount, { path: '/wallets/verify', within, requestedScopes, bindingId });
  return signedByWallet(core, walletAccount, { path: '/verify/link', within, gate: { scopes: ['credential:link'] } });
};
