// Who you are: user, credentials, and the session token taken apart.

import { everyTick, h, show } from '../dom.js'
import { abbreviate, clock, decode, secondsLeft } from '../jwt.js'
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
  const { user, token } = session
  const decoded = decode(token)
  const left = h('strong', { class: 'count' })
  const name = [user.firstName, user.lastName].filter(Boolean).join(' ')
  return [
    h('div', { class: 'person' },
      h('span', { class: 'avatar', 'aria-hidden': 'true' }, (name || user.email || '?').slice(0, 1).toUpperCase()),
      h('div', {}, h('p', { class: 'person-name' }, name || user.email || 'No name yet'),
        h('p', { class: 'hint' }, h('code', {}, user.id)))),
    h('p', {}, h('span', { class: 'hint' }, 'Environment '), session.environment.name),
    h('div', {},
      h('h3', {}, 'Ways to sign in'),
      h('ul', { class: 'credentials' }, user.verifiedCredentials.map((c) =>
        h('li', {}, h('span', {}, c.email ?? c.public_identifier ?? c.id),
          c.id === decoded?.claims.signin_credential_id && h('span', { class: 'pill' }, 'this session'),
          c.confirmed === false && h('span', { class: 'pill' }, 'not confirmed'),
          !c.signInEnabled && h('span', { class: 'pill' }, 'no sign-in'))))),
    decoded && h('div', {},
      h('h3', {}, 'Session token'),
      everyTick(h('p', {}, 'Runs out in ', left), () => { left.textContent = clock(secondsLeft(decoded.claims)) }),
      h('details', {}, h('summary', {}, 'Look inside ', h('code', {}, abbreviate(token))), decodedToken(decoded))),
    place.element,
    h('div', { class: 'row' },
      button('Refresh', async () => {
        try {
          session.accept(await session.api.refresh())
          place.good('A new session token, the same session.')
        } catch (refusal) { place.refused(refusal) }
      }, { 'data-do': 'refresh' }),
      button('Sign out', () => session.end(), { class: 'button quiet', 'data-do': 'signout' })),
  ]
}
