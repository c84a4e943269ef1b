// Keccak-256, for one thing: the capitals of an Ethereum address (EIP-55).

import { toHex } from './bytes.js'

const MASK = (1n << 64n) - 1n
const RATE = 136

// The constants of FIPS 202: rotations by lane, and the round constants from the
// linear feedback shift register of section 3.2.5.
const rotations = rotationTable()
const roundConstants = Array.from({ length: 24 }, (_, round) => {
  let constant = 0n
  for (let j = 0; j <= 6; j++) if (lfsrBit(j + 7 * round)) constant |= 1n << BigInt(2 ** j - 1)
  return constant
})

function rotationTable() {
  const table = new Array(25).fill(0n)
  let [x, y] = [1, 0]
  for (let t = 0; t < 24; t++) {
    table[x + 5 * y] = BigInt((((t + 1) * (t + 2)) / 2) % 64);
    [x, y] = [y, (2 * x + 3 * y) % 5]
  }
  return table
}

function lfsrBit(t) {
  let register = 1
  for (let i = 0; i < t % 255; i++) register = (register << 1) ^ (register & 0x80 ? 0x171 : 0)
  return register & 1
}

const rotate = (lane, by) => ((lane << by) | (lane >> (64n - by))) & MASK

function permute(state) {
  for (const constant of roundConstants) {
    const columns = [0, 1, 2, 3, 4].map((x) => state[x] ^ state[x + 5] ^ state[x + 10] ^ state[x + 15] ^ state[x + 20])
    for (let i = 0; i < 25; i++) state[i] ^= columns[(i + 4) % 5] ^ rotate(columns[(i + 1) % 5], 1n)
    const moved = []
    for (let x = 0; x < 5; x++) for (let y = 0; y < 5; y++) moved[y + 5 * ((2 * x + 3 * y) % 5)] = rotate(state[x + 5 * y], rotations[x + 5 * y])
    for (let i = 0; i < 25; i++) {
      const row = i - (i % 5)
      state[i] = moved[i] ^ (~moved[row + ((i + 1) % 5)] & MASK & moved[row + ((i + 2) % 5)])
    }
    state[0] ^= constant
  }
}

/** Keccak-256 of up to 135 bytes, which is one block. */
export function keccak256(message) {
  const block = new Uint8Array(RATE)
  block.set(message)
  block[message.length] = 1
  block[RATE - 1] |= 0x80
  const view = new DataView(block.buffer)
  const state = Array.from({ length: 25 }, (_, i) => (i < RATE / 8 ? view.getBigUint64(8 * i, true) : 0n))
  permute(state)
  const digest = new DataView(new ArrayBuffer(32))
  for (let i = 0; i < 4; i++) digest.setBigUint64(8 * i, state[i], true)
  return new Uint8Array(digest.buffer)
}

/** An Ethereum address with the capitals that are its checksum. */
export function withChecksum(address) {
  const digits = address.slice(2).toLowerCase()
  const hash = toHex(keccak256(new TextEncoder().encode(digits)))
  return '0x' + [...digits].map((digit, i) => (Number.parseInt(hash[i], 16) >= 8 ? digit.toUpperCase() : digit)).join('')
}
