// Wallets of the browser: found by EIP-6963, at window.ethereum (EIP-1193), or
// at window.solana. Each signs a text that the server composed.

import { Hitch } from './api.js'
import { toBase64, toHex } from './bytes.js'
import { withChecksum } from './keccak.js'

const announced = new Map() // by EIP-6963 uuid

window.addEventListener('eip6963:announceProvider', (event) => {
  announced.set(event.detail.info.uuid, evmWallet(event.detail.info.name, event.detail.provider))
})

/** The wallets of this browser for the chains that the environment takes. */
export function findWallets({ evm, solana }) {
  window.dispatchEvent(new Event('eip6963:requestProvider')) // answered at once
  const found = []
  if (evm) found.push(...announced.values())
  if (evm && found.length === 0 && window.ethereum) found.push(evmWallet('Browser wallet', window.ethereum))
  if (solana && window.solana?.signMessage) found.push(solanaWallet(window.solana))
  return found
}

/**
 * Has wallet sign a text for purpose, which is what /wallets/message takes
 * besides the address, and answers the body that the signature travels in.
 * only: the address it must be.
 */
export async function signWith(api, wallet, purpose = {}, only = '') {
  const { address, network } = await wallet.connect(only)
  const { message } = await api.walletMessage({ address, chain: wallet.chain, network, origin: location.origin, ...purpose })
  const signedMessage = await wallet.sign(message, address)
  return {
    messageToSign: message, signedMessage, publicWalletAddress: address, chain: wallet.chain, network,
    walletName: wallet.name.toLowerCase().replace(/[^a-z0-9]/g, '') + wallet.chain.toLowerCase(), walletProvider: 'browserExtension',
    ...(purpose.requestedScopes && { requestedScopes: purpose.requestedScopes }),
  }
}

function evmWallet(name, provider) {
  return {
    name, chain: 'EVM',
    async connect(only) {
      const accounts = await ask(name, () => provider.request({ method: 'eth_requestAccounts' }))
      const address = only ? accounts.find((a) => a.toLowerCase() === only.toLowerCase()) : accounts[0]
      if (!address) throw elsewhere(name, only)
      const chainId = await ask(name, () => provider.request({ method: 'eth_chainId' }))
      return { address: withChecksum(address), network: String(Number(chainId)) }
    },
    sign: (text, address) =>
      ask(name, () => provider.request({ method: 'personal_sign', params: [`0x${toHex(new TextEncoder().encode(text))}`, address] })),
  }
}

function solanaWallet(provider) {
  const name = provider.isPhantom ? 'Phantom' : 'Solana wallet'
  return {
    name, chain: 'SOL',
    async connect(only) {
      const { publicKey } = await ask(name, () => provider.connect())
      const address = String(publicKey)
      if (only && address !== only) throw elsewhere(name, only)
      return { address }
    },
    sign: async (text) => toBase64((await ask(name, () => provider.signMessage(new TextEncoder().encode(text), 'utf8'))).signature),
  }
}

async function ask(name, work) {
  try {
    return await work()
  } catch {
    throw new Hitch(`${name} did not sign. Nothing was sent.`)
  }
}

function elsewhere(name, only) {
  return new Hitch(only ? `${name} is on another account. Switch it to ${only}, then try again.` : `${name} showed no account.`)
}
