// The wire client: one function per endpoint, one error type for every answer
// that is not a 2xx, and an event per request for the log.

import { abbreviate } from './jwt.js'

/** An answer that said no, or no answer at all (status 0). */
export class Refusal extends Error {
  // own: by our server, not the example service; elevated: a token was sent.
  constructor({ status, code, message, payload, requestId, path, own, elevated }) {
    super(message)
    Object.assign(this, { status, code, payload: payload ?? {}, requestId, path, own, elevated })
  }

  /** Why the elevated token was not enough; empty for any other refusal. */
  get reason() {
    return this.payload.reason ?? ''
  }

  get isAboutToken() {
    return this.code === 'elevated_access_token_required' || this.status === 401 || this.reason !== ''
  }
}

const IDEMPOTENCY = 'x-idempotency-key'

/** Something on this side that is no answer: a dismissed prompt, a wallet that is not there. */
export class Hitch extends Error {}

/** Talks to one environment of the server and to the example service. */
export class Api extends EventTarget {
  constructor({ environmentId, bankUrl, sessionToken }) {
    super()
    this.issuer = `/api/v0/sdk/${environmentId}`
    this.bankUrl = bankUrl
    this.sessionToken = sessionToken // () => string
  }

  settings = () => this.#call('GET', '/settings')

  // Sent codes, by mail or by text message. With a session the code belongs to
  // that session and to verify.
  createCode = (kind, to, more) => this.#call('POST', `/${kind}Verifications/create`, { body: { ...(kind === 'email' ? { email: to } : { phoneNumber: to }), ...more } })
  signIn = (kind, code) => this.#call('POST', `/${kind}Verifications/signin`, { body: code })
  verifyCode = (kind, code, elevated) => this.#call('POST', `/${kind}Verifications/verify`, { body: code, elevated })

  // Authenticator apps, recovery codes, and the list of second factors.
  factors = () => this.#call('GET', '/users/mfa/methods?verifiedOnly=true')
  enrolApp = (elevated) => this.#call('GET', '/users/mfa/register/totp?qr=1', { elevated })
  proveApp = (code) => this.#call('POST', '/users/mfa/auth/totp', { body: code })
  changeFactor = (id, change) => this.#call('PUT', `/users/mfa/${id}`, { body: change })
  deleteApp = (id, elevated) => this.#call('DELETE', `/users/mfa/${id}`, { elevated })
  recoveryCodes = (elevated) => this.#call('GET', '/users/mfa/recovery', { elevated })
  renewRecoveryCodes = (elevated) => this.#call('POST', '/users/mfa/recovery', { elevated })
  proveRecovery = (code) => this.#call('POST', '/users/mfa/auth/recovery', { body: code })

  // Passkeys. The options say what the browser is to ask for.
  passkeyCreation = () => this.#call('GET', '/users/passkeys/register')
  registerPasskey = (attestation, elevated) => this.#call('POST', '/users/passkeys/register', { body: attestation, elevated })
  passkeySignInOptions = () => this.#call('GET', '/users/passkeys/signin')
  signInWithPasskey = (assertion) => this.#call('POST', '/users/passkeys/signin', { body: assertion })
  passkeyOptions = (bindingId) => this.#call('GET', `/users/passkeys/authenticate${bindingId ? `?bindingId=${bindingId}` : ''}`)
  provePasskey = (assertion) => this.#call('POST', '/users/mfa/auth/passkey', { body: assertion })
  renamePasskey = (id, alias) => this.#call('PUT', '/users/passkeys', { body: { id, alias } })
  deletePasskey = (passkeyId, elevated) => this.#call('DELETE', '/users/passkeys', { body: { passkeyId }, elevated })

  // Wallets. The server composes the text, so that it names what it is for.
  walletMessage = (request) => this.#call('POST', '/wallets/message', { body: request })
  signInWithWallet = (signed) => this.#call('POST', '/wallets/signin', { body: signed })
  linkWallet = (signed, elevated) => this.#call('POST', '/verify/link', { body: signed, elevated })
  proveWallet = (signed) => this.#call('POST', '/wallets/verify', { body: signed })

  // Logins elsewhere. A login that was begun with an address to return to comes
  // back there; one without is asked about until it is done.
  beginSocial = (provider, begin) => this.#call('POST', `/providers/${provider}/initAuth`, { body: begin })
  socialResult = (provider, state) => this.#call('POST', `/providers/${provider}/oauthResult`, { body: { state }, repeats: true })
  signInWithSocial = (provider, login) => this.#call('POST', `/providers/${provider}/signIn`, { body: login })
  verifySocial = (provider, login, elevated) => this.#call('POST', `/providers/${provider}/verify`, { body: login, elevated })

  // Wallets that the server keeps. Each operation has a key of its own, under which
  // it is done once however often it is sent.
  keptWallets = () => this.#call('GET', '/waas')
  createWallet = (chain) => this.#call('POST', '/waas/create', { body: { chain }, once: true })
  intentOf = (id, request) => this.#call('POST', `/waas/${id}/intents`, { body: request })
  signMessage = (id, request, elevated) => this.#call('POST', `/waas/${id}/signMessage`, { body: request, elevated, once: true })
  broadcast = (id, signed) => this.#call('POST', `/waas/${id}/transactions/broadcast`, { body: signed })
  exportKey = (id, request, elevated) => this.#call('POST', `/waas/${id}/privateKey/export`, { body: request, elevated, once: true })
  refreshShares = (id, elevated) => this.#call('POST', `/waas/${id}/refresh`, { elevated, once: true })

  // Binds the next proof to one transaction: its token opens this and nothing else.
  bind = (scope, authorizationDetails) => this.#call('POST', '/stepUp/bindings', { body: { scope, authorizationDetails } })
  checkStepUp = (scope) => this.#call('POST', '/stepUp/check', { body: { scope } })

  confirm = (id, elevated) => this.#call('POST', `/credentials/${id}/confirm`, { elevated })
  unlink = (verifiedCredentialId, elevated) =>
    this.#call('POST', '/verify/unlink', { body: { verifiedCredentialId }, elevated })
  user = () => this.#call('GET', '/users')
  // An elevated token, or in its place {mfaToken} of action-based MFA.
  updateUser = (fields, token) => this.#call('PUT', '/users', { body: fields, ...(token?.mfaToken ? token : { elevated: token }) })
  deleteUser = (elevated) => this.#call('DELETE', '/users', { elevated })
  refresh = () => this.#call('POST', '/refresh')
  revoke = () => this.#call('POST', '/revoke')

  // What an operator does, with a service token that only a development server gives away.
  readiness = (operator) => this.#callAdmin('GET', '/readiness', operator)
  acceptVersion = (operator, minApiVersion, strict) => this.#callAdmin('POST', '/version', operator, { minApiVersion, strict })

  accounts = () => this.#callBank('GET', '/accounts')
  transfer = (order, elevated) => this.#callBank('POST', '/transfers', { body: order, elevated })
  confirmedTransfer = (order, elevated) => this.#callBank('POST', '/transfers/confirmed', { body: order, elevated })

  #call(method, path, { body, elevated, mfaToken, repeats, once } = {}) {
    return this.#send(method, this.issuer + path, { path, own: true, elevated: Boolean(elevated), repeats }, body, {
      ...(elevated && { 'x-dyn-elevated-access-token': elevated }),
      ...(mfaToken && { 'x-mfa-auth-token': mfaToken }),
      ...(once && { [IDEMPOTENCY]: crypto.randomUUID() }),
    })
  }

  #callAdmin(method, path, operator, body) {
    const [, id] = this.issuer.match(/([^/]+)$/)
    return this.#send(method, `/api/v0/admin/environments/${id}${path}`, { path: `admin ${path}`, own: false, elevated: false }, body, { Authorization: `Bearer ${operator}` })
  }

  #callBank(method, path, { body, elevated } = {}) {
    return this.#send(method, this.bankUrl + path, { path: `bank ${path}`, own: false, elevated: Boolean(elevated) }, body, {
      ...(elevated && { 'Elevated-Access-Token': elevated }),
    })
  }

  async #send(method, url, where, body, headers) {
    const session = this.sessionToken()
    const sent = { ...(session && { Authorization: `Bearer ${session}` }), ...headers }
    const entry = { method, ...where, tokens: describeTokens(sent), at: new Date(), status: 0, requestId: '', code: '' }
    try {
      const response = await fetch(url, {
        method,
        headers: { ...sent, ...(body && { 'Content-Type': 'application/json' }) },
        body: body && JSON.stringify(body),
        credentials: 'omit',
        cache: 'no-store',
      })
      const answer = await readJson(response)
      entry.status = response.status
      entry.requestId = requestIdOf(response, answer)
      if (response.ok) return answer
      const refusal = refusalOf(response, answer, { ...where, requestId: entry.requestId })
      entry.code = refusal.reason || refusal.code
      throw refusal
    } catch (error) {
      if (error instanceof Refusal) throw error
      entry.code = 'no answer'
      throw new Refusal({ status: 0, code: 'network_error', ...where, message: 'No answer. Is the server still running?' })
    } finally {
      this.dispatchEvent(new CustomEvent('request', { detail: entry }))
    }
  }
}

function describeTokens(headers) {
  return Object.entries(headers).filter(([name]) => name !== IDEMPOTENCY).map(([name, value]) => {
    const token = value.replace(/^Bearer /, '')
    return { name, text: abbreviate(token) }
  })
}

async function readJson(response) {
  const text = await response.text()
  try {
    return text ? JSON.parse(text) : {}
  } catch {
    return {}
  }
}

function requestIdOf(response, answer) {
  return response.headers.get('X-Request-Id') ?? answer.requestId ?? answer.payload?.requestId ?? ''
}

function refusalOf(response, answer, where) {
  return new Refusal({
    status: response.status,
    code: answer.code ?? 'unknown_error',
    message: typeof answer.error === 'string' ? answer.error : `The server answered ${response.status}.`,
    payload: answer.payload,
    ...where,
  })
}
