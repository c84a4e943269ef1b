// Reads tokens for display. Nothing here is a check: only the server and the
// guarded service verify signatures.

/** {header, claims}, or null when text is no JWT. */
export function decode(text) {
  const parts = String(text ?? '').split('.')
  if (parts.length !== 3) return null
  try {
    return { header: part(parts[0]), claims: part(parts[1]) }
  } catch {
    return null
  }
}

function part(encoded) {
  const base64 = encoded.replaceAll('-', '+').replaceAll('_', '/')
  const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0))
  return JSON.parse(new TextDecoder().decode(bytes))
}

/** The same token with some claims replaced: the signature no longer fits. */
export function tamper(text, changes) {
  const [header, , signature] = text.split('.')
  const bytes = new TextEncoder().encode(JSON.stringify({ ...decode(text).claims, ...changes }))
  const body = btoa(String.fromCharCode(...bytes)).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')
  return [header, body, signature].join('.')
}

/** Enough of a token to recognise it, not enough to use it. */
export function abbreviate(text) {
  return text.length > 20 ? `${text.slice(0, 6)}…${text.slice(-6)}` : text
}

export function secondsLeft(claims) {
  return Math.max(0, Math.floor(claims.exp - Date.now() / 1000))
}

/** 75 → "1:15", 4000 → "1:06:40". */
export function clock(seconds) {
  const pad = (n) => String(n).padStart(2, '0')
  const [hours, minutes, rest] = [Math.floor(seconds / 3600), Math.floor(seconds / 60) % 60, seconds % 60]
  return hours > 0 ? `${hours}:${pad(minutes)}:${pad(rest)}` : `${minutes}:${pad(rest)}`
}
