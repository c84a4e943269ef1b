// Tries that must fail. Each is a real request, past the client, which would make
// none of them; the card shows what came back.

import { h } from '../dom.js'
import { tamper } from '../jwt.js'
import { accepted, smuggle } from '../raw.js'
import { getElevatedAccessToken, promptStepUpAuth } from '../stepup/client.js'
import { isLive } from '../tickets.js'
import { button, outcomePlace } from './parts.js'
import { TRANSFER } from './transfer.js'

export function cheatsView(session, ledger) {
  const cheats = [
    { name: 'none', title: 'No token at all', text: 'The session alone, as a thief of it would try.', run: () => send(ledger) },
    { name: 'spent', title: 'Use the same token again', text: 'A second transfer with the token of the first.', run: (place) => reuse(session, ledger, place) },
    { name: 'other-scope', title: 'A token for something else', text: 'Freshly earned for linking an address, shown where one is unlinked.', run: () => otherScope(session) },
    { name: 'forged', title: 'Rewrite the token', text: 'Change its scope by hand to “transfer:create”.', run: () => forge(session, ledger) },
    { name: 'session', title: 'The session token in its place', text: 'Signed by the same keys, for the same user. Still not a proof.', run: () => send(ledger, session.client.token) },
    { name: 'race', title: 'Twice at the same moment', text: 'One token, two transfers in parallel. One may pass.', run: (place) => race(session, ledger, place) },
  ]
  const section = h('section', { class: 'area-cheats', 'aria-labelledby': 'cheats-title' },
    h('h2', { id: 'cheats-title' }, 'Try to cheat'),
    h('p', { class: 'lead' }, 'Every one of these is a real request. None may go through.'),
    h('div', { class: 'cheats' }, cheats.map((cheat) => cheatCard(cheat, ledger))))
  const draw = () => { section.hidden = ledger.stranger || ledger.waits }
  ledger.addEventListener('change', draw)
  draw()
  return section
}

// run() rejects with what it was refused with. What it answers says that nothing was tried, or that it was shown.
function cheatCard({ name, title, text, run }, ledger) {
  const place = outcomePlace()
  return h('article', { class: 'card cheat', 'data-cheat': name },
    h('h3', {}, title), h('p', {}, text),
    button('Try it', async () => {
      await place.run(async () => {
        if (await run(place) !== SHOWN) place.bad('That went through. It should not have!')
      })
      await ledger.load().catch(() => {})
    }, { class: 'button', 'data-do': name }),
    place.element)
}

const SHOWN = Symbol('shown')

/** A transfer to somebody who gains by it, with this token or none. */
async function send({ bank }, token) {
  return accepted(await bank.transfer({ to: 'mallory', amount: 1 }, token), token !== undefined)
}

/** What a token was spent on, once more: if it was bound to a transaction, that very one. */
async function reuse({ tickets }, ledger, place) {
  const used = tickets.latest((t) => t.scopes.includes(TRANSFER) && !isLive(t))
  if (!used) {
    place.note('There is no spent token yet. Send some money first.')
    return SHOWN
  }
  const [bound] = used.claims.authorization_details ?? []
  if (!bound) return send(ledger, used.text)
  return accepted(await ledger.bank.confirmedTransfer({ to: bound.payee, amount: Number(bound.amount) }, used.text), true)
}

async function otherScope(session) {
  const elevated = await promptStepUpAuth({ requestedScopes: ['credential:link'] }, session.client)
  return smuggle(session, 'POST', '/verify/unlink', { body: { verifiedCredentialId: session.user.lastVerifiedCredentialId }, elevated })
}

async function forge({ client, tickets }, ledger) {
  const other = tickets.latest((t) => !t.scopes.includes(TRANSFER))
  const token = other?.text ?? await promptStepUpAuth({ requestedScopes: ['credential:link'] }, client)
  return send(ledger, tamper(token, { scope: TRANSFER, singleUse: false }))
}

async function race({ client }, ledger, place) {
  await promptStepUpAuth({ requestedScopes: [TRANSFER] }, client)
  const token = getElevatedAccessToken({ scope: TRANSFER }, client) // which the client forgets by that
  const order = { to: 'bob', amount: 1 }
  const both = await Promise.allSettled([1, 2].map(async () => accepted(await ledger.bank.transfer(order, token), true)))
  const refused = both.filter((one) => one.status === 'rejected').map((one) => one.reason)
  if (refused.length === 0) return undefined
  place.refused(refused[0])
  place.element.prepend(h('p', { class: 'good' }, refused.length === 1 ? 'One of the two passed, the other was refused.' : 'Both were refused.'))
  return SHOWN
}
