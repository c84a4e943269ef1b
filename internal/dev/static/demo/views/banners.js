// What the session still owes: a second factor, or a word about recovery codes.

import { h, show } from '../dom.js'
import { FORMATS } from '../words.js'
import { button, outcomePlace } from './parts.js'
import { settlePrompt } from './prove.js'
import { showCodes } from './ways/recovery.js'

export function banners(session, factors) {
  const place = outcomePlace()
  const list = h('div', { class: 'banners' })
  const draw = () => {
    if (!session.isSignedIn) return
    show(list, session.owes && debt(session, factors, place), session.user.mfaBackupCodeAcknowledgement === 'pending' && unkept(session, place))
  }
  session.addEventListener('change', draw)
  factors.addEventListener('change', draw)
  draw()
  return h('div', { class: 'stack banner-stack', role: 'region', 'aria-label': 'To do' }, list, place.element)
}

// While it is owed, most of the server stays shut to the session.
function debt(session, factors, place) {
  const credentials = [
    ...factors.apps.map((a) => ({ id: a.id, format: 'totp', type: 'totp', alias: a.alias ?? FORMATS.totp })),
    ...factors.passkeys.map((p) => ({ id: p.id, format: 'passkey', type: 'passkey', alias: p.alias ?? FORMATS.passkey })),
  ]
  if (credentials.length === 0) {
    return banner('owes', 'Add a second factor', 'This environment asks everybody for one. Until then this session opens little.',
      h('a', { class: 'button primary', href: '#ways' }, 'Choose one'))
  }
  return banner('owes', 'One more step', 'This session owes your second factor. Until it is given, most of the server stays shut to it.',
    button('Give it', () => place.run(async () => {
      await settlePrompt(session, { isRequired: true, credentials, defaultCredentialId: factors.defaultId || credentials[0].id })
      place.good('Thank you. This session owes nothing.')
    }), { class: 'button primary', 'data-do': 'settle' }))
}

function unkept(session, place) {
  return banner('codes', 'Keep your recovery codes', 'You have a second factor now. Without these codes, losing it locks you out.',
    button('Show them', () => place.run(() => showCodes(session, place)), { class: 'button', 'data-do': 'keep-codes' }))
}

function banner(name, title, text, action) {
  return h('section', { class: 'banner', 'data-banner': name }, h('div', {}, h('h3', {}, title), h('p', {}, text)), action)
}
