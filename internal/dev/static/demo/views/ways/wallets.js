// Wallets of the browser: linked by a signature, and proving by one.

import { h, show } from '../../dom.js'
import { ensure, findWallets, verifyWalletAccount } from '../../stepup/client.js'
import { openDialog } from '../dialog.js'
import { button, form, outcomePlace, stopped } from '../parts.js'
import { card, credentialList, LINK } from './card.js'

export function walletsCard(session, offers) {
  const { client } = session
  const place = outcomePlace()
  return card('blockchain', 'Wallets', 'A browser wallet signs a text that names what it is for. An embedded wallet never vouches for itself.',
    credentialList(session, place, 'blockchain'),
    h('div', { class: 'row' }, button('Link a wallet', () => place.run(async () => {
      const walletAccount = await connectWallet(offers, place)
      if (!walletAccount || stopped(place, await ensure(LINK, () => verifyWalletAccount({ walletAccount }, client), client))) return
      place.good('The wallet is linked. It signs you in, too.')
    }), { class: 'button', 'data-do': 'link-wallet' })),
    place.element)
}

/** The account of the only wallet, or of the one the user picks. Null, with a word in place, when there is none. */
export async function connectWallet(offers, place) {
  const wallets = await findWallets(offers.evm && offers.solana ? undefined : offers.evm ? 'EVM' : 'SOL')
  if (wallets.length === 0) place.note('This browser has no wallet. Install one, MetaMask or Phantom for example, and reload.')
  const wallet = wallets.length < 2 ? wallets[0] : (await pick(wallets)).wallet
  const account = await wallet?.connect()
  if (wallet && !account) place.note(`${wallet.name} showed no account.`)
  return account ?? null
}

function pick(wallets) {
  return openDialog('Which wallet?', 'wallet', (body, finish) => {
    const choice = form({ class: 'stack' }, () => finish({ kind: 'picked', wallet: wallets[Number(new FormData(choice).get('wallet'))] }),
      h('fieldset', { class: 'choices' }, h('legend', {}, 'Wallet'), wallets.map(({ name }, i) =>
        h('label', { class: 'choice' }, h('input', { type: 'radio', name: 'wallet', value: i, checked: i === 0 }), h('span', {}, name)))),
      h('div', { class: 'row' }, h('button', { type: 'submit', class: 'button primary' }, 'Use it')))
    show(body, choice)
  })
}
