// The user's second factors, shared by all cards that show or change them.

import { checkStepUpAuth, getMfaMethods } from './stepup/client.js'

export class Factors extends EventTarget {
  apps = []
  passkeys = []
  defaultId = ''

  constructor(session) {
    super()
    this.session = session
  }

  async load() {
    const { client } = this.session
    const { devices, passkeys } = await getMfaMethods(client)
    Object.assign(this, { apps: devices, passkeys })
    this.defaultId = devices.find((d) => d._default)?.id ?? (passkeys.length > 0 ? await this.#ofTheCheck(client) : '')
    this.dispatchEvent(new Event('change'))
  }

  // Passkeys do not say which is the default; the check does, unless a token is held already.
  async #ofTheCheck(client) {
    const { defaultCredentialId } = await checkStepUpAuth({ scope: 'credential:unlink' }, client)
    return defaultCredentialId ?? this.defaultId
  }

  /** Takes note of a new factor. The first one kills every token that came from something weaker. */
  async added() {
    if (!this.any) this.session.tickets.killAll()
    await this.load()
  }

  get any() {
    return this.apps.length + this.passkeys.length > 0
  }
}
