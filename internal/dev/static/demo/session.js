// Who is signed in where. The client does the work; this remembers which
// environment it is, and what the page shows beside it.

import { createStepUpClient, initializeClient, isUserMissingMfaAuth, logout, onEvent, refreshAuth, refreshUser } from './stepup/client.js'
import { decode, secondsLeft } from './jwt.js'
import { readOffers } from './offers.js'
import { Tickets } from './tickets.js'
import { Wire } from './wire.js'

const STORED = 'stepup.demo.environment'

const NOTICES = {
  'user-intent': 'Signed out. The session and its elevated tokens are dead.',
  'user-deleted': 'The account is deleted.',
}

export class Session extends EventTarget {
  apps = new Map() // authenticator apps that this page plays itself, by device id; memory only
  wire = new Wire()
  tickets = new Tickets(this.wire)

  constructor(config, environmentId = sessionStorage.getItem(STORED)) {
    super()
    this.config = config
    this.choose(environmentId)
  }

  /** Picks the environment that the following calls go to. */
  choose(environmentId) {
    const { environments, bankUrl } = this.config
    this.environment = environments.find((e) => e.id === environmentId) ?? environments[0]
    const { id } = this.environment
    sessionStorage.setItem(STORED, id)
    this.issuer = `${location.origin}/api/v0/sdk/${id}`
    this.admin = `${location.origin}/api/v0/admin/environments/${id}`
    this.wire.places = { [this.issuer]: { own: true }, [this.admin]: { name: 'admin' }, [bankUrl || 'none']: { name: 'bank' } }
    // The session survives a reload, what a proof has earned does not.
    const client = createStepUpClient({ environmentId: id, apiBaseUrl: location.origin, storage: sessionStorage, storeTokens: false, fetch: this.wire.fetch })
    onEvent({ event: 'userChanged', listener: ({ user }) => user && this.dispatchEvent(new Event('change')) }, client)
    onEvent({ event: 'signedOut', listener: ({ reason }) => this.#ended(NOTICES[reason] ?? 'The session is over. Sign in again.') }, client)
    this.client = client
  }

  get user() {
    return this.client.user
  }

  get isSignedIn() {
    return this.user !== null
  }

  /** Whether the session owes a second factor before most of the server opens to it. */
  get owes() {
    return isUserMissingMfaAuth(this.client)
  }

  get claims() {
    return decode(this.client.token)?.claims ?? {}
  }

  /** What the environment offers. */
  async offers() {
    const { client } = this
    await initializeClient(client)
    return readOffers(client.projectSettings)
  }

  /** Picks up a session that survived a reload. */
  async resume() {
    await initializeClient(this.client).catch(() => {}) // the next call asks again, and says what is wrong
    if (this.isSignedIn) await refreshUser(this.client).catch(() => {})
  }

  /** Renews the session once its token has run out, or finds out that it is over. */
  watchExpiry() {
    if (this.isSignedIn && secondsLeft(this.claims) === 0) refreshAuth(this.client).catch(() => {})
  }

  end = () => logout(this.client)

  #ended(notice) {
    this.tickets.clear()
    this.dispatchEvent(new CustomEvent('end', { detail: notice }))
  }
}
