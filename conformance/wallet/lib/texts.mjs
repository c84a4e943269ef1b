// The text that the published client builds, and the request that carries it.
import { createSiweMessage } from 'viem/siwe';

export const origin = 'http://localhost:3000';

const statement = 'Welcome to Oracle. Signing is the only way we can truly know that you are the owner of the wallet you are connecting. '
  + 'Signing is a safe, gas-less transaction that does not in any way give Oracle permission to perform any transactions with your wallet.';

/** For EVM written by viem, so that two implementations agree on every byte. */
export const published = (server, { address, chain, chainId = 1 }, nonce) => {
  const { host } = new URL(origin);
  if (chain === 'EVM') {
    return createSiweMessage({ address, chainId, domain: host, nonce, uri: `${origin}/`, version: '1', statement, issuedAt: new Date(), requestId: server.environment });
  }
  return `${host} wants you to sign in with your Solana account:\n${address}\n\n${statement}\n\nURI: ${origin}/\nVersion: 1\nNonce: ${nonce}\n`
    + `Issued At: ${new Date().toISOString()}\nRequest ID: ${server.environment}`;
};

export const nonce = async (server) => (await server.call('GET', '/nonce')).body.nonce;

export const body = (wallet, messageToSign, signedMessage, more = {}) => ({
  messageToSign, signedMessage, publicWalletAddress: wallet.address, chain: wallet.chain, walletName: `oracle${wallet.chain.toLowerCase()}`,
  walletProvider: 'browserExtension', ...more,
});

/** Signs in with the published text and answers what the server said. */
export const signIn = async (server, wallet, sign = wallet.sign) => {
  const text = published(server, wallet, await nonce(server));
  return server.call('POST', '/wallets/signin', { body: body(wallet, text, await sign(text)) });
};
