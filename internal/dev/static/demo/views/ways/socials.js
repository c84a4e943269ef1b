// Logins elsewhere, linked by logging in there.

import { h, show } from '../../dom.js'
import { ensure, signInWithSocialPopUp, StepUpCancelledError } from '../../stepup/client.js'
import { openDialog } from '../dialog.js'
import { button, outcomePlace, stopped } from '../parts.js'
import { card, credentialList, LINK } from './card.js'

export function socialsCard(session, socials) {
  const { client } = session
  const place = outcomePlace()
  return card('oauth', 'Logins elsewhere', 'Another provider’s word. It joins no accounts: an address it names that is somebody’s already stays theirs.',
    credentialList(session, place, 'oauth'),
    h('div', { class: 'row' }, socials.map((offer) => button(`Link ${offer.name ?? offer.provider}`, () => place.run(async () => {
      if (stopped(place, await ensure(LINK, () => loginPrompt(client, offer), client))) return
      place.good('Linked. You can sign in with it now.')
    }), { class: 'button', 'data-social': offer.provider }))),
    place.element)
}

/** Opens the provider's window after one more click, which browsers want, and waits for it. */
async function loginPrompt(client, { provider, name = provider }) {
  const answer = await openDialog(`Log in at ${name}`, 'social', (body, finish, signal) => {
    const place = outcomePlace()
    const open = button('Open the window', () => place.run(async () => {
      await signInWithSocialPopUp({ provider, signal }, client)
      finish({ kind: 'linked' })
    }), { class: 'button primary', 'data-do': 'open-provider' })
    show(body, h('p', {}, 'A window opens at the provider. This page waits for it.'), place.element, h('div', { class: 'row' }, open))
    open.focus()
  })
  if (answer.kind !== 'linked') throw new StepUpCancelledError()
}
