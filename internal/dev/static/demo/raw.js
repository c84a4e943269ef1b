// Calls that are not the client's business: the example bank, the operator's
// API, and tries that the client would never make.

/** An answer that said no. It looks like the errors of the client. */
export class Refusal extends Error {
  constructor(response, { error, code = 'unknown_error', payload = {}, requestId }, elevated) {
    super(typeof error === 'string' ? error : `The server answered ${response.status}.`)
    const { reason = '', scope, methods } = payload
    Object.assign(this, { status: response.status, code, reason, scope, methods, elevated, requestId: requestId ?? payload.requestId ?? response.headers.get('X-Request-Id') ?? '' })
  }
}

/** What an answer holds, unless it said no. elevated: a token went along. */
export async function accepted(response, elevated = false) {
  const answer = await response.json().catch(() => ({}))
  if (!response.ok) throw new Refusal(response, answer, elevated)
  return answer
}

/** Sends one request over the wire as the signed-in user, or as whoever the headers say. */
function send(session, method, url, { body, headers }) {
  return session.wire.fetch(url, {
    method, credentials: 'omit', cache: 'no-store', redirect: 'error', body: body && JSON.stringify(body),
    headers: { Authorization: `Bearer ${session.client.token}`, ...(body && { 'Content-Type': 'application/json' }), ...headers },
  })
}

/** The example service: somebody else's API, which checks session and elevated token itself. */
export class Bank {
  constructor(session) {
    this.session = session
  }

  accounts = async () => (await accepted(await this.#call('GET', '/accounts'))).accounts
  transfer = (order, elevated) => this.#call('POST', '/transfers', order, elevated)
  confirmedTransfer = (order, elevated) => this.#call('POST', '/transfers/confirmed', order, elevated)

  #call(method, path, body, elevated) {
    return send(this.session, method, this.session.config.bankUrl + path, { body, headers: elevated && { 'Elevated-Access-Token': elevated } })
  }
}

/** A call of our own server with a token of the caller's choice, which the client would not send there. */
export async function smuggle(session, method, path, { body, elevated, mfaToken }) {
  const headers = { ...(elevated && { 'x-dyn-elevated-access-token': elevated }), ...(mfaToken && { 'x-mfa-auth-token': mfaToken }) }
  return accepted(await send(session, method, session.issuer + path, { body, headers }), Boolean(elevated))
}

/** What an operator does, with a service token that only a development server gives away. */
export class Operator {
  constructor(session) {
    this.session = session
  }

  readiness = () => this.#call('GET', '/readiness')
  acceptVersion = (minApiVersion, strict) => this.#call('POST', '/version', { minApiVersion, strict })

  async #call(method, path, body) {
    const { session } = this
    return accepted(await send(session, method, session.admin + path, { body, headers: { Authorization: `Bearer ${session.config.operatorToken}` } }))
  }
}
