// Who is signed in. The session token survives a reload in sessionStorage;
// elevated tokens never do.

import { Api } from './api.js'
import { decode, secondsLeft } from './jwt.js'
import { readOffers } from './offers.js'
import { TokenBank } from './tokens.js'

const STORED = 'stepup.demo.session'

export class Session extends EventTarget {
  user = null
  token = ''
  environment
  tokens = new TokenBank()
  apps = new Map() // authenticator apps that this page plays itself, by device id; memory only
  log = []
  #offers

  constructor(config) {
    super()
    this.config = config
    const stored = JSON.parse(sessionStorage.getItem(STORED) ?? '{}')
    this.choose(stored.environmentId ?? config.environments[0]?.id)
    if (stored.token && secondsLeft(decode(stored.token)?.claims ?? { exp: 0 }) > 0) this.token = stored.token
  }

  get isSignedIn() {
    return this.user !== null
  }

  /** Whether the session owes a second factor before most of the server opens to it. */
  get owes() {
    return (this.user?.scope ?? '').split(' ').includes('requiresAdditionalAuth')
  }

  get claims() {
    return decode(this.token)?.claims ?? {}
  }

  /** Picks the environment that the following calls go to. */
  choose(environmentId) {
    const { environments, bankUrl } = this.config
    this.#offers = undefined
    this.environment = environments.find((e) => e.id === environmentId) ?? environments[0]
    this.api = new Api({ environmentId: this.environment.id, bankUrl, sessionToken: () => this.token })
    this.api.addEventListener('request', (event) => {
      this.#note(event.detail)
      this.dispatchEvent(new Event('request'))
      // Our own server says 401 for a dead session and for nothing else.
      if (event.detail.status === 401 && event.detail.own && this.isSignedIn) this.#lost()
    })
  }

  // A call that asks the same thing again and again is one line of the log.
  #note(entry) {
    const last = this.log[0]
    const again = entry.repeats && last?.path === entry.path && last.status === entry.status
    if (again) this.log[0] = { ...entry, times: last.times + 1 }
    else this.log.unshift({ ...entry, times: 1 })
    this.log.length = Math.min(this.log.length, 200)
  }

  /** What the environment offers; asked for once. */
  async offers() {
    const asked = this.api
    this.#offers ??= readOffers(await asked.settings())
    return this.#offers
  }

  /** Picks up a session that survived a reload. */
  async resume() {
    if (!this.token) return
    try {
      this.user = await this.api.user()
    } catch {
      this.#forget()
    }
  }

  /** Takes over what every sign-in, verify and refresh answers. */
  accept(answer) {
    if (answer.minifiedJwt) this.token = answer.minifiedJwt
    if (answer.user) this.user = answer.user
    sessionStorage.setItem(STORED, JSON.stringify({ environmentId: this.environment.id, token: this.token }))
    const ticket = answer.elevatedAccessToken ? this.tokens.add(answer.elevatedAccessToken) : null
    this.dispatchEvent(new Event('change'))
    return ticket
  }

  /** Ends the session once its token has run out, as any client does. */
  watchExpiry() {
    if (this.isSignedIn && secondsLeft(this.claims) === 0) this.#lost()
  }

  /** Reads the user again, after a change whose answer does not carry it. */
  async reload() {
    this.accept({ user: await this.api.user() })
  }

  #lost() {
    this.end({ revoke: false, notice: 'The session is over. Sign in again.' })
  }

  /** Ends the session here and, unless it is dead already, at the server. */
  async end({ revoke = true, notice = 'Signed out. The session and its elevated tokens are dead.' } = {}) {
    if (revoke) await this.api.revoke().catch(() => {})
    this.#forget()
    this.dispatchEvent(new CustomEvent('end', { detail: notice }))
  }

  #forget() {
    this.user = null
    this.token = ''
    this.tokens.clear()
    sessionStorage.removeItem(STORED)
  }
}
