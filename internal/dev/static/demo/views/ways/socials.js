// Logins elsewhere, linked by logging in there.

import { h, show } from '../../dom.js'
import { attempt, ensure } from '../../stepup.js'
import { loginInWindow } from '../../social.js'
import { openDialog } from '../dialog.js'
import { button, outcomePlace, showStop } from '../parts.js'
import { card, credentialList, LINK } from './card.js'

export function socialsCard(session, prompt, socials) {
  const place = outcomePlace()
  return card('oauth', 'Logins elsewhere', 'Another provider’s word. It joins no accounts: an address it names that is somebody’s already stays theirs.',
    credentialList(session, prompt, place, 'oauth'),
    h('div', { class: 'row' }, socials.map((offer) => button(`Link ${offer.name ?? offer.provider}`, () => place.run(async () => {
      const allowed = await ensure(session, LINK, prompt)
      if (allowed.kind !== 'token' && allowed.kind !== 'not-required') return showStop(place, allowed)
      const outcome = await loginPrompt(session, offer, (login) =>
        attempt(session, allowed.ticket, (token) => session.api.verifySocial(offer.provider, login, token)))
      if (outcome.kind !== 'done') return showStop(place, outcome)
      session.accept(outcome.value)
      place.good('Linked. You can sign in with it now.')
    }), { class: 'button', 'data-social': offer.provider }))),
    place.element)
}

/** Opens the provider's window after one more click, which browsers want, and waits for it. */
function loginPrompt(session, offer, then) {
  return openDialog(`Log in at ${offer.name ?? offer.provider}`, 'social', (body, finish, signal) => {
    const place = outcomePlace()
    const open = button('Open the window', () => place.run(async () => {
      const login = await loginInWindow(session.api, offer, signal)
      finish(await then(login))
    }), { class: 'button primary', 'data-do': 'open-provider' })
    show(body, h('p', {}, 'A window opens at the provider. This page waits for it.'), place.element, h('div', { class: 'row' }, open))
    open.focus()
  })
}
