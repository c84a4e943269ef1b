// A node of the local chain, and what a transaction that sends its own coin says.

/** A node that is not there, or says no. */
class NodeError extends Error {
  code = 'node_error'
}

export class Node {
  #id = 0

  constructor(url) {
    this.url = url
  }

  /** Asks the node. The error says how to start one when nothing answers. */
  async ask(method, ...params) {
    let answer
    try {
      const response = await fetch(this.url, {
        method: 'POST', headers: { 'Content-Type': 'application/json' }, credentials: 'omit', cache: 'no-store',
        body: JSON.stringify({ jsonrpc: '2.0', id: ++this.#id, method, params }),
      })
      answer = await response.json()
    } catch {
      throw new NodeError(`No local chain answers at ${this.url}. Start one: npx @foundry-rs/anvil, or anvil if you have it.`)
    }
    if (answer.error) throw new NodeError(`The local chain answers: ${answer.error.message}`)
    return answer.result
  }

  /** In wei. */
  balance = async (address) => BigInt(await this.ask('eth_getBalance', address, 'latest'))

  /** Gives coins away, which only a chain for development does. */
  fund = (address, wei) => this.ask('anvil_setBalance', address, `0x${wei.toString(16)}`)

  /** The receipt of a mined transaction, or null. */
  receipt = (hash) => this.ask('eth_getTransactionReceipt', hash)

  /** A transaction that sends wei, with the nonce and fees of now (EIP-1559). */
  async transfer({ chainId, from, to, wei }) {
    const [nonce, block] = await Promise.all([this.ask('eth_getTransactionCount', from, 'pending'), this.ask('eth_getBlockByNumber', 'latest', false)])
    const tip = 1_000_000_000n
    return {
      chainId, nonce: Number(nonce), to, value: String(wei), gas: '21000',
      maxPriorityFeePerGas: String(tip), maxFeePerGas: String(2n * BigInt(block.baseFeePerGas ?? 0) + tip),
    }
  }
}

/** "0.25" → 250000000000000000n; null when it is no amount. */
export function toWei(text) {
  const [, whole, part = ''] = /^(\d{1,12})(?:\.(\d{1,18}))?$/.exec(text.trim()) ?? []
  return whole === undefined ? null : BigInt(whole + part.padEnd(18, '0'))
}

/** 250000000000000000n → "0.25". */
export function fromWei(wei) {
  const text = wei.toString().padStart(19, '0')
  return `${text.slice(0, -18)}.${text.slice(-18)}`.replace(/\.?0+$/, '')
}
