// Tries that must fail. Each is a real request; the card shows what came back.

import { h } from '../dom.js'
import { attempt, ensure } from '../stepup.js'
import { tamper } from '../jwt.js'
import { isLive } from '../tokens.js'
import { button, outcomePlace, showStop } from './parts.js'
import { TRANSFER, tryTransfer } from './transfer.js'

const opens = (scope) => (ticket) => ticket.scopes.includes(scope)

export function cheatsView(session, ledger, prompt) {
  const cheats = [
    { name: 'none', title: 'No token at all', text: 'The session alone, as a thief of it would try.', run: () => tryTransfer(session, null) },
    { name: 'spent', title: 'Use the same token again', text: 'A second transfer with the token of the first.', run: (place) => reuse(session, place) },
    { name: 'other-scope', title: 'A token for something else', text: 'Freshly earned for linking an address, shown where one is unlinked.', run: (place) => otherScope(session, place, prompt) },
    { name: 'forged', title: 'Rewrite the token', text: 'Change its scope by hand to “transfer:create”.', run: (place) => forge(session, place, prompt) },
    { name: 'session', title: 'The session token in its place', text: 'Signed by the same keys, for the same user. Still not a proof.', run: () => tryTransfer(session, null, session.token) },
    { name: 'race', title: 'Twice at the same moment', text: 'One token, two transfers in parallel. One may pass.', run: (place) => race(session, place, prompt, ledger) },
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

function cheatCard({ name, title, text, run }, ledger) {
  const place = outcomePlace()
  return h('article', { class: 'card cheat', 'data-cheat': name },
    h('h3', {}, title), h('p', {}, text),
    button('Try it', async () => {
      place.clear()
      const outcome = await run(place)
      if (!outcome) return
      if (outcome.kind === 'done') place.bad('That went through. It should not have!')
      else showStop(place, outcome)
      await ledger.load().catch(() => {})
    }, { class: 'button', 'data-do': name }),
    place.element)
}

function reuse(session, place) {
  const used = session.tokens.latest((t) => opens(TRANSFER)(t) && !isLive(t))
  if (used) return tryTransfer(session, used)
  place.note('There is no spent token yet. Send some money first.')
  return null
}

async function otherScope(session, place, prompt) {
  const outcome = await ensure(session, 'credential:link', prompt)
  if (outcome.kind !== 'token') return withoutToken(outcome, place)
  return attempt(session, outcome.ticket, (token) => session.api.unlink(session.user.lastVerifiedCredentialId, token))
}

async function forge(session, place, prompt) {
  let ticket = session.tokens.latest((t) => !opens(TRANSFER)(t))
  if (!ticket) {
    const outcome = await ensure(session, 'credential:link', prompt)
    if (outcome.kind !== 'token') return withoutToken(outcome, place)
    ticket = outcome.ticket
  }
  return tryTransfer(session, null, tamper(ticket.text, { scope: TRANSFER, singleUse: false }))
}

async function race(session, place, prompt, ledger) {
  const outcome = await ensure(session, TRANSFER, prompt)
  if (outcome.kind !== 'token') return withoutToken(outcome, place)
  const { ticket } = outcome
  const order = { to: 'bob', amount: 1 }
  const both = await Promise.all([1, 2].map(() => attempt(session, ticket, (token) => session.api.transfer(order, token))))
  const refused = both.find((o) => o.kind === 'failed')
  if (both.filter((o) => o.kind === 'done').length > 1 || !refused) return { kind: 'done' }
  place.refused(refused.refusal)
  place.element.prepend(h('p', { class: 'good' }, both.some((o) => o.kind === 'done') ? 'One of the two passed, the other was refused.' : 'Both were refused.'))
  await ledger.load()
  return null
}

function withoutToken(outcome, place) {
  if (outcome.kind !== 'not-required') return outcome
  place.note('This environment asks for no token here, so there is none to misuse. Try the enforced environment.')
  return null
}
