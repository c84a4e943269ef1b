// A Solana wallet, as a browser extension would bring it into the client.
import { generateKeyPairSync, sign } from 'node:crypto';
import * as core from '@dynamic-labs-sdk/client/core';

const alphabet = '123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz';
const base58 = (bytes) => {
  let text = '';
  for (let n = BigInt(`0x${bytes.toString('hex')}`); n > 0n; n /= 58n) text = alphabet[Number(n % 58n)] + text;
  return '1'.repeat(bytes.findIndex((b) => b !== 0)) + text;
};

export const newWallet = () => {
  const { privateKey, publicKey } = generateKeyPairSync('ed25519');
  return { address: base58(Buffer.from(publicKey.export({ format: 'jwk' }).x, 'base64url')), sign: (text) => sign(null, Buffer.from(text), privateKey).toString('base64') };
};

/** Gives the wallet to a client and returns the key by which the client knows its provider. */
export const connectWallet = (client, wallet, displayName = 'Conformance Wallet') => {
  const [chain, walletProviderType] = ['SOL', 'browserExtension'];
  const key = core.formatWalletProviderKey({ chain, displayName, walletProviderType });
  core.getWalletProviderRegistry(client).register({
    priority: core.WalletProviderPriority.WALLET_SDK,
    walletProvider: {
      chain, key, walletProviderType,
      groupKey: core.formatWalletProviderGroupKey(displayName),
      metadata: { displayName, icon: '' },
      connect: async () => ({ addresses: [{ address: wallet.address }] }),
      disconnectWalletAccount: async () => {},
      getActiveNetworkId: async () => ({ networkId: '101' }),
      getConnectedAddresses: async () => ({ addresses: [wallet.address] }),
      signMessage: async ({ message }) => ({ signature: wallet.sign(message) }),
    },
  });
  return key;
};
