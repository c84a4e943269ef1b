// Wallets of the browser: linked by a signature, and proving by one.

import { h, show } from '../../dom.js'
import { attempt, ensure } from '../../stepup.js'
import { findWallets, signWith } from '../../wallets.js'
import { openDialog } from '../dialog.js'
import { button, form, outcomePlace, showStop } from '../parts.js'
import { walletChoice } from '../provers.js'
import { card, credentialList, LINK } from './card.js'

export function walletsCard(session, prompt, offers) {
  const place = outcomePlace()
  return card('blockchain', 'Wallets', 'A browser wallet signs a text that names what it is for. An embedded wallet never vouches for itself.',
    credentialList(session, prompt, place, 'blockchain'),
    h('div', { class: 'row' }, button('Link a wallet', () => place.run(async () => {
      const wallet = await pickWallet(offers, place)
      if (!wallet) return
      const allowed = await ensure(session, LINK, prompt)
      if (allowed.kind !== 'token' && allowed.kind !== 'not-required') return showStop(place, allowed)
      const signed = await signWith(session.api, wallet)
      const outcome = await attempt(session, allowed.ticket, (token) => session.api.linkWallet(signed, token))
      if (outcome.kind !== 'done') return showStop(place, outcome)
      session.accept(outcome.value)
      place.good('The wallet is linked. It signs you in, too.')
    }), { class: 'button', 'data-do': 'link-wallet' })),
    place.element)
}

/** The wallet to use: the only one, or the one the user picks. Null, with a word in place, when there is none. */
export async function pickWallet(offers, place) {
  const wallets = findWallets(offers)
  if (wallets.length === 0) place.note('This browser has no wallet. Install one, MetaMask or Phantom for example, and reload.')
  if (wallets.length < 2) return wallets[0] ?? null
  const picked = await openDialog('Which wallet?', 'wallet', (body, finish) => {
    const choice = form({ class: 'stack' }, () => finish({ kind: 'picked', wallet: wallets[Number(new FormData(choice).get('wallet'))] }),
      walletChoice(wallets), h('div', { class: 'row' }, h('button', { type: 'submit', class: 'button primary' }, 'Use it')))
    show(body, choice)
  })
  return picked.wallet ?? null
}
