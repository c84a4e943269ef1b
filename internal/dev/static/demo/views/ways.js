// Everything that proves who you are: add it, name it, remove it.

import { h } from '../dom.js'
import { addressCard } from './ways/addresses.js'
import { appsCard } from './ways/apps.js'
import { passkeysCard } from './ways/passkeys.js'
import { recoveryCard } from './ways/recovery.js'
import { socialsCard } from './ways/socials.js'
import { walletsCard } from './ways/wallets.js'

export function waysView(session, factors) {
  const cards = h('div', { class: 'ways' }, addressCard(session, 'email'))
  session.offers().then((offers) => {
    cards.append(...[
      offers.app && appsCard(session, factors),
      offers.passkey && passkeysCard(session, factors),
      offers.recovery && recoveryCard(session, factors),
      offers.sms && addressCard(session, 'phoneNumber'),
      (offers.evm || offers.solana) && walletsCard(session, offers),
      offers.socials.length > 0 && socialsCard(session, offers.socials),
    ].filter(Boolean))
  })
  return h('section', { class: 'area-ways', id: 'ways', 'aria-labelledby': 'ways-title' },
    h('h2', { id: 'ways-title' }, 'Ways to prove it is you'),
    h('p', { class: 'lead' }, 'Whoever holds only your session must not be able to add one, show one or take one away. So each of these asks for a proof first.'),
    cards)
}
