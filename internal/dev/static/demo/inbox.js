// A code on its way to an address or a number, and where to find it in development.

/** kind is email or sms; send() has the server send a code, and answers which. */
export class SentCode {
  #seen = new Set() // messages that were there before, so that an old code is never offered

  constructor(kind, to, send) {
    Object.assign(this, { kind, to, send })
  }

  async sendAgain() {
    const seen = new Set((await readInbox()).map((m) => m.id))
    this.verification = await this.send()
    this.#seen = seen
    return this
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
