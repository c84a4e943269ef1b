// A code on its way to an address or a number, and where to find it in development.

/**
 * Asks the server to send a code. kind is email or sms; more is what else the code
 * is to be about. Throws a Refusal when it will not.
 */
export async function sendCode(api, kind, to, more = {}) {
  const code = new SentCode(api, kind, to, more)
  await code.sendAgain()
  return code
}

class SentCode {
  verificationUUID = ''
  #seen = new Set() // messages that were there before, so that an old code is never offered

  constructor(api, kind, to, more) {
    Object.assign(this, { api, kind, to, more })
  }

  async sendAgain() {
    const seen = new Set((await readInbox()).map((m) => m.id))
    this.verificationUUID = (await this.api.createCode(this.kind, this.to, this.more)).verificationUUID
    this.#seen = seen
  }

  /** What the server wants to see: which code was sent, and the digits typed. */
  typed(digits) {
    return { verificationUUID: this.verificationUUID, verificationToken: digits }
  }

  /** The message with this code, once it is in the development inbox. */
  async peek() {
    const mine = (m) => m.code && plain(m.to) === plain(this.to) && !this.#seen.has(m.id)
    return (await readInbox()).find(mine)
  }
}

// Capitals of an address and spaces of a number make no other one.
function plain(to) {
  return to.includes('@') ? to.toLowerCase() : to.replace(/[^0-9]/g, '')
}

async function readInbox() {
  try {
    const response = await fetch('/dev/inbox.json', { cache: 'no-store' })
    return response.ok ? (await response.json()).messages : []
  } catch {
    return []
  }
}
