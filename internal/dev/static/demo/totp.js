// An authenticator app for people who have none at hand: the six digits of RFC
// 6238, from a secret that was shown on this page and never leaves it.

const PERIOD = 30

/** The time step a moment (in seconds) falls into. */
export const stepAt = (at = Date.now() / 1000) => Math.floor(at / PERIOD)

/** The code of the secret at a moment (in seconds), and for how long it shows. */
export async function currentCode(secret, at = Date.now() / 1000) {
  const step = stepAt(at)
  const counter = new DataView(new ArrayBuffer(8))
  counter.setBigUint64(0, BigInt(step))
  const key = await crypto.subtle.importKey('raw', fromBase32(secret), { name: 'HMAC', hash: 'SHA-1' }, false, ['sign'])
  const mac = new DataView(await crypto.subtle.sign('HMAC', key, counter.buffer))
  const number = mac.getUint32(mac.getUint8(19) & 15) & 0x7fffffff
  return { code: String(number % 1e6).padStart(6, '0'), step, left: PERIOD - Math.floor(at % PERIOD) }
}

const base32 = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

function fromBase32(text) {
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
