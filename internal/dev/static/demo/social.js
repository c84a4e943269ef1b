// Logins elsewhere. To sign in, the page goes to the provider and comes back.
// Inside a session a window of its own goes, so that the elevated tokens, which
// live in this page's memory, survive.

import { Hitch } from './api.js'
import { randomText, toBase64url } from './bytes.js'

const STORED = 'stepup.demo.login'

/** Leaves the page for the provider; returnedLogin() picks the login up. */
export async function goToProvider(session, offer) {
  const { url, login } = await begin(session.api, offer, { redirectUrl: `${location.origin}/demo/` })
  sessionStorage.setItem(STORED, JSON.stringify({ ...login, provider: offer.provider, environmentId: session.environment.id }))
  location.assign(url)
}

/** The login that this page was opened to finish, or null. It is taken once. */
export function returnedLogin() {
  const query = new URLSearchParams(location.search)
  const stored = JSON.parse(sessionStorage.getItem(STORED) ?? 'null')
  if (!query.has('dynamicOauthState')) return null
  sessionStorage.removeItem(STORED)
  history.replaceState(null, '', location.pathname)
  // Somebody else's way back, pasted here, is nobody's login.
  if (stored?.state !== query.get('dynamicOauthState')) return null
  return { ...stored, error: query.get('error'), code: query.get('dynamicOauthCode') }
}

/** Logs in at the provider in a window of its own; more is what else the login is to be about. Ends with a Hitch when signal aborts. */
export async function loginInWindow(api, offer, signal, more = {}) {
  const { url, login } = await begin(api, offer, more)
  if (!window.open(url, 'stepup-login', 'popup,width=480,height=640')) throw new Hitch('The browser blocked the window. Allow it, then try again.')
  for (;;) {
    await pause(700, signal)
    const result = await api.socialResult(offer.provider, login.state)
    if (result.status === 'completed') {
      if (!result.code) throw loginFailed(result.error)
      return { ...login, code: result.code }
    }
  }
}

export function loginFailed(error) {
  return new Hitch(error === 'access_denied' ? 'You cancelled at the provider.' : `The provider answered: ${error}.`)
}

async function begin(api, offer, more) {
  const state = randomText()
  const codeVerifier = randomText()
  const challenge = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(codeVerifier))
  await api.beginSocial(offer.provider, { state, ...more })
  const url = new URL(offer.baseAuthUrl)
  for (const [name, value] of Object.entries({
    client_id: offer.clientId, response_type: 'code', redirect_uri: offer.redirectUrl, scope: offer.scopes, state,
    code_challenge: toBase64url(challenge), code_challenge_method: 'S256',
  })) if (value) url.searchParams.set(name, value)
  return { url: url.href, login: { state, codeVerifier } }
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => { clearTimeout(timer); reject(new Hitch('Cancelled. The other window can be closed.')) }
    const timer = setTimeout(() => { signal.removeEventListener('abort', stop); resolve() }, milliseconds)
    if (signal.aborted) stop()
    else signal.addEventListener('abort', stop, { once: true })
  })
}
