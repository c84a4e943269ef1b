// A code on its way to an address, and where to find it in development.

/** Asks the server to send a code to address. Throws a Refusal when it will not. */
export async function sendCode(api, address) {
  const code = new SentCode(api, address)
  await code.sendAgain()
  return code
}

class SentCode {
  verificationUUID = ''
  #seen = new Set() // messages that were there before, so that an old code is never offered

  constructor(api, address) {
    this.api = api
    this.address = address
  }

  async sendAgain() {
    const seen = new Set((await readInbox()).map((m) => m.id))
    this.verificationUUID = (await this.api.createCode(this.address)).verificationUUID
    this.#seen = seen
  }

  /** The mail with this code, once it is in the development inbox. */
  async peek() {
    const mine = (m) => m.code && m.to.toLowerCase() === this.address.toLowerCase() && !this.#seen.has(m.id)
    return (await readInbox()).find(mine)
  }
}

async function readInbox() {
  try {
    const response = await fetch('/dev/inbox.json', { cache: 'no-store' })
    return response.ok ? (await response.json()).messages : []
  } catch {
    return []
  }
}
