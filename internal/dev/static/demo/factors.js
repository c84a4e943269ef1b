// The user's second factors, shared by all cards that show or change them.

export class Factors extends EventTarget {
  apps = []
  passkeys = []
  defaultId = ''

  constructor(session) {
    super()
    this.session = session
  }

  async load() {
    const { devices, passkeys } = await this.session.api.factors()
    Object.assign(this, { apps: devices, passkeys })
    // Passkeys do not say which is the default; the check does.
    this.defaultId = devices.find((d) => d.default)?.id ?? ''
    if (!this.defaultId && passkeys.length > 0) this.defaultId = (await this.session.api.checkStepUp('credential:unlink')).defaultCredentialId ?? ''
    this.dispatchEvent(new Event('change'))
  }

  /** Takes note of a new factor. The first one kills every token that came from something weaker. */
  async added() {
    if (!this.any) this.session.tokens.killAll()
    await this.load()
  }

  get any() {
    return this.apps.length + this.passkeys.length > 0
  }
}
