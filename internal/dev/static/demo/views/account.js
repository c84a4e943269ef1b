// Who you are: user, credentials, and the session token taken apart.

import { everyTick, h, show } from '../dom.js'
import { refreshAuth } from '../stepup/client.js'
import { abbreviate, clock, decode, secondsLeft } from '../jwt.js'
import { nameOf } from '../words.js'
import { decodedToken } from './decoded.js'
import { button, outcomePlace } from './parts.js'

export function accountView(session) {
  const body = h('div', { class: 'stack' })
  const place = outcomePlace()
  const draw = () => session.isSignedIn && show(body, details(session, place))
  session.addEventListener('change', draw)
  draw()
  return h('section', { class: 'area-account', 'aria-labelledby': 'account-title' },
    h('h2', { id: 'account-title' }, 'Your session'),
    h('div', { class: 'card' }, body))
}

function details(session, place) {
  const { user, client: { token } } = session
  const decoded = decode(token)
  const signedInWith = user.verifiedCredentials.find((c) => c.id === decoded?.claims.signin_credential_id)
  const left = h('strong', { class: 'count' })
  const name = [user.firstName, user.lastName].filter(Boolean).join(' ') || user.email || (signedInWith && nameOf(signedInWith)) || 'No name yet'
  return [
    h('div', { class: 'person' },
      h('span', { class: 'avatar', 'aria-hidden': 'true' }, name.replace(/^(0x|\+)/, '').slice(0, 1).toUpperCase()),
      h('div', {}, h('p', { class: 'person-name' }, name),
        h('p', { class: 'hint' }, h('code', {}, user.id)))),
    h('p', {}, h('span', { class: 'hint' }, 'Environment '), session.environment.name),
    signedInWith && h('p', {}, h('span', { class: 'hint' }, 'Signed in with '), nameOf(signedInWith)),
    decoded && h('div', {},
      h('h3', {}, 'Session token'),
      everyTick(h('p', {}, 'Runs out in ', left), () => { left.textContent = clock(secondsLeft(decoded.claims)) }),
      h('details', {}, h('summary', {}, 'Look inside ', h('code', {}, abbreviate(token))), decodedToken(decoded))),
    place.element,
    h('div', { class: 'row' },
      button('Refresh', () => place.run(async () => {
        await refreshAuth(session.client)
        place.good('A new session token, the same session.')
      }), { 'data-do': 'refresh' }),
      button('Sign out', () => session.end(), { class: 'button quiet', 'data-do': 'signout' })),
  ]
}
