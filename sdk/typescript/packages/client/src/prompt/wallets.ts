import type { PromptWallet } from './endpoints.js';
import type { FoundWallet } from './flow.js';

/** A provider of EIP-1193. */
interface EvmProvider {
  request(call: { method: string; params?: readonly unknown[] }): Promise<unknown>;
}

/** What wallets announce by EIP-6963. */
interface Announced {
  readonly info: { readonly uuid: string; readonly name: string };
  readonly provider: EvmProvider;
}

/** A wallet of the Wallet Standard, as far as it is used here. */
interface StandardWallet {
  readonly name: string;
  readonly chains: readonly string[];
  readonly accounts: readonly StandardAccount[];
  readonly features: {
    readonly 'standard:connect'?: { connect(): Promise<{ readonly accounts: readonly StandardAccount[] }> };
    readonly 'solana:signMessage'?: {
      signMessage(input: { account: StandardAccount; message: Uint8Array }): Promise<readonly { readonly signature: Uint8Array }[]>;
    };
  };
}

interface StandardAccount {
  readonly address: string;
}

/** How long wallets have to announce themselves. */
const patience = 250;

/**
 * Finds the wallets that the page has, by EIP-6963 and the Wallet Standard: those for `EVM` or `SOL`, or both kinds where no chain is
 * said. What `connect` answers is an account for `verifyWalletAccount`.
 *
 * @throws nothing; `connect` rejects with the code `wallet_rejected` where the user declines.
 * @example
 * ```ts
 * import { verifyWalletAccount } from '@stepup-auth/client';
 * import { findWallets } from '@stepup-auth/client/prompt';
 *
 * const [wallet] = await findWallets('EVM');
 * const walletAccount = await wallet?.connect();
 * if (walletAccount) await verifyWalletAccount({ walletAccount });
 * ```
 */
export const findWallets = async (chain?: string): Promise<readonly FoundWallet[]> => {
  const [evm, solana] = await Promise.all([chain === 'SOL' ? [] : evmWallets(), chain === 'EVM' ? [] : solanaWallets()]);
  return [...evm, ...solana];
};

const evmWallets = async (): Promise<FoundWallet[]> => {
  const found = new Map<string, Announced>();
  const announced = (event: Event): void => {
    const { detail } = event as CustomEvent<Announced>;
    if (detail?.info?.uuid && detail.provider) found.set(detail.info.uuid, detail);
  };
  window.addEventListener('eip6963:announceProvider', announced);
  window.dispatchEvent(new Event('eip6963:requestProvider'));
  await new Promise((resolve) => setTimeout(resolve, patience));
  window.removeEventListener('eip6963:announceProvider', announced);
  const { ethereum } = window as { ethereum?: EvmProvider & { isMetaMask?: boolean } };
  if (found.size === 0 && ethereum) return [evmWallet(ethereum.isMetaMask ? 'MetaMask' : 'Wallet', ethereum)];
  return [...found.values()].map(({ info, provider }) => evmWallet(info.name, provider));
};

const evmWallet = (name: string, provider: EvmProvider): FoundWallet => ({
  name,
  connect: async (address) => {
    const ask = declining((method: string, params?: readonly unknown[]) => provider.request({ method, ...(params ? { params } : {}) }));
    const accounts = (await ask('eth_requestAccounts')) as readonly string[];
    const own = address === undefined ? accounts[0] : accounts.find((one) => one.toLowerCase() === address.toLowerCase());
    if (own === undefined) return null;
    return {
      address: address ?? own,
      chain: 'EVM',
      network: String(Number(await ask('eth_chainId'))), // a contract at the same address is another wallet elsewhere
      walletName: name,
      signMessage: async ({ message }) => String(await ask('personal_sign', [hex(new TextEncoder().encode(message)), own])),
    };
  },
});

const solanaWallets = async (): Promise<FoundWallet[]> => {
  const wallets = new Set<StandardWallet>();
  const api = { register: (...all: StandardWallet[]) => all.forEach((wallet) => wallets.add(wallet)) };
  const registering = (event: Event): void => (event as CustomEvent<(with_: typeof api) => void>).detail?.(api);
  window.addEventListener('wallet-standard:register-wallet', registering);
  window.dispatchEvent(new CustomEvent('wallet-standard:app-ready', { detail: api }));
  await new Promise((resolve) => setTimeout(resolve, patience));
  window.removeEventListener('wallet-standard:register-wallet', registering);
  const signs = ({ chains, features }: StandardWallet): boolean =>
    features['solana:signMessage'] !== undefined && chains.some((chain) => chain.startsWith('solana:'));
  return [...wallets].filter(signs).map(solanaWallet);
};

const solanaWallet = (wallet: StandardWallet): FoundWallet => ({
  name: wallet.name,
  connect: async (address): Promise<PromptWallet | null> => {
    const connect = declining(async () => wallet.features['standard:connect']?.connect());
    const accounts = (await connect())?.accounts ?? wallet.accounts;
    const account = address === undefined ? accounts[0] : accounts.find((one) => one.address === address);
    if (!account) return null;
    const sign = declining((message: Uint8Array) => wallet.features['solana:signMessage']!.signMessage({ account, message }));
    return {
      address: account.address,
      chain: 'SOL',
      walletName: wallet.name,
      signMessage: async ({ message }) => base58((await sign(new TextEncoder().encode(message)))[0]!.signature),
    };
  },
});

/** What a wallet refuses, its user has declined; it has no other way to say so. */
const declining =
  <A extends unknown[], R>(run: (...args: A) => Promise<R>) =>
  async (...args: A): Promise<R> => {
    try {
      return await run(...args);
    } catch (cause) {
      throw Object.assign(new Error('The wallet declined.', { cause }), { code: 'wallet_rejected' });
    }
  };

const hex = (bytes: Uint8Array): string => `0x${[...bytes].map((byte) => byte.toString(16).padStart(2, '0')).join('')}`;

const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';

const base58 = (bytes: Uint8Array): string => {
  let number = bytes.reduce((sum, byte) => sum * 256n + BigInt(byte), 0n);
  let text = '';
  for (; number > 0n; number /= 58n) text = alphabet[Number(number % 58n)] + text;
  const zeros = bytes.findIndex((byte) => byte !== 0);
  return '1'.repeat(zeros < 0 ? bytes.length : zeros) + text;
};
