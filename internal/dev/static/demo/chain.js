// A node of the local chain, and the one kind of transaction that the demo
// builds: sending the chain's own coin (EIP-1559), unsigned.

import { Hitch } from './api.js'
import { toHex } from './bytes.js'

export class Node {
  #id = 0

  constructor(url) {
    this.url = url
  }

  /** Asks the node. A Hitch says how to start one when nothing answers. */
  async ask(method, ...params) {
    let answer
    try {
      const response = await fetch(this.url, {
        method: 'POST', headers: { 'Content-Type': 'application/json' }, credentials: 'omit', cache: 'no-store',
        body: JSON.stringify({ jsonrpc: '2.0', id: ++this.#id, method, params }),
      })
      answer = await response.json()
    } catch {
      throw new Hitch(`No local chain answers at ${this.url}. Start one: npx @foundry-rs/anvil, or anvil if you have it.`)
    }
    if (answer.error) throw new Hitch(`The local chain answers: ${answer.error.message}`)
    return answer.result
  }

  /** In wei. */
  balance = async (address) => BigInt(await this.ask('eth_getBalance', address, 'latest'))

  /** Gives coins away, which only a chain for development does. */
  fund = (address, wei) => this.ask('anvil_setBalance', address, hex(wei))

  /** The receipt of a mined transaction, or null. */
  receipt = (hash) => this.ask('eth_getTransactionReceipt', hash)

  /** An unsigned transaction that sends wei, as hex, with the nonce and fees of now. */
  async transfer({ chainId, from, to, wei }) {
    const [nonce, block] = await Promise.all([this.ask('eth_getTransactionCount', from, 'pending'), this.ask('eth_getBlockByNumber', 'latest', false)])
    const tip = 1_000_000_000n
    const fee = 2n * BigInt(block.baseFeePerGas ?? 0) + tip
    return `0x02${toHex(rlp([number(chainId), number(nonce), number(tip), number(fee), number(21_000), bytes(to), number(wei), bytes('0x'), []]))}`
  }
}

const hex = (value) => `0x${value.toString(16)}`
const number = (value) => bytes(BigInt(value) === 0n ? '0x' : hex(BigInt(value)))

function bytes(text) {
  const digits = text.slice(2)
  return Uint8Array.from((digits.length % 2 ? `0${digits}` : digits).match(/../g) ?? [], (pair) => parseInt(pair, 16))
}

// Recursive length prefix: bytes, and lists of such. Empty bytes and an empty list
// differ, so data and access list are told apart by their type.
function rlp(item) {
  if (item instanceof Uint8Array) return item.length === 1 && item[0] < 0x80 ? item : join([prefix(0x80, item.length), item])
  const body = join(item.map(rlp))
  return join([prefix(0xc0, body.length), body])
}

function prefix(base, length) {
  if (length < 56) return Uint8Array.of(base + length)
  const size = number(length)
  return Uint8Array.of(base + 55 + size.length, ...size)
}

function join(parts) {
  const all = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    all.set(part, at)
    at += part.length
  }
  return all
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
