// Bytes and the texts that stand for them.

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

export function toBase64(bytes) {
  return btoa(Array.from(new Uint8Array(bytes), (b) => String.fromCharCode(b)).join(''))
}

export function toBase64url(bytes) {
  return toBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
}

export function fromBase64url(text) {
  return Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), (c) => c.charCodeAt(0))
}

export function toHex(bytes) {
  return Array.from(bytes, (b) => b.toString(16).padStart(2, '0')).join('')
}

export function fromBase32(text) {
  const bytes = []
  let bits = 0
  let value = 0
  for (const letter of text.toUpperCase().replace(/[= ]/g, '')) {
    value = ((value << 5) | base32.indexOf(letter)) & 0xfff
    bits += 5
    if (bits < 8) continue
    bits -= 8
    bytes.push((value >> bits) & 0xff)
  }
  return Uint8Array.from(bytes)
}

/** A random text of 256 bits that may stand in an address. */
export function randomText() {
  return toBase64url(crypto.getRandomValues(new Uint8Array(32)))
}
