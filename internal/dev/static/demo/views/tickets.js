// The elevated tokens as passes: what each opens, how often, and for how long.

import { everyTick, h, show, svg } from '../dom.js'
import { abbreviate, clock, secondsLeft } from '../jwt.js'
import { isLive, stateOf } from '../tickets.js'
import { scopeInWords } from '../words.js'
import { decodedToken } from './decoded.js'

const AROUND = 2 * Math.PI * 26

export function ticketsView(session) {
  const list = h('div', { class: 'tickets' })
  const earlier = h('div', { class: 'tickets' })
  const count = h('span', {})
  const folded = h('details', { class: 'earlier', hidden: true }, h('summary', {}, count), earlier)
  // What can still be used, else the newest, stays in sight; the others would push the actions down.
  const draw = () => {
    const tickets = session.tickets.all
    const inSight = tickets.filter((t, i) => isLive(t) || (i === 0 && !tickets.some(isLive)))
    const others = tickets.filter((t) => !inSight.includes(t))
    show(list, tickets.length ? inSight.map(ticketCard) : emptyState())
    show(earlier, others.map(ticketCard))
    count.textContent = others.length === 1 ? 'One earlier token' : `${others.length} earlier tokens`
    folded.hidden = others.length === 0
  }
  session.tickets.addEventListener('change', draw)
  draw()
  return h('section', { class: 'area-tickets', 'aria-labelledby': 'tickets-title' },
    h('h2', { id: 'tickets-title' }, 'Elevated tokens'), list, folded)
}

function emptyState() {
  return h('div', { class: 'ticket-empty' },
    h('p', {}, h('strong', {}, 'No passes yet.')),
    h('p', { class: 'hint' }, 'Try an action. When it asks for a proof, the token you earn appears here and starts to run out. Tokens stay in this page’s memory only.'))
}

function ticketCard(ticket) {
  const left = h('span', { class: 'ring-text' })
  const arc = svg('circle', { class: 'ring-arc', cx: 32, cy: 32, r: 26, 'stroke-dasharray': AROUND })
  const ring = h('div', { class: 'ring', role: 'timer', 'aria-label': 'Time left' },
    svg('svg', { viewBox: '0 0 64 64', 'aria-hidden': 'true' },
      svg('circle', { class: 'ring-track', cx: 32, cy: 32, r: 26 }), arc), left)
  const stamp = h('span', { class: 'stamp' })
  const card = h('article', { class: 'ticket', 'data-scope': ticket.scopes.join(' ') },
    h('div', { class: 'pass' },
      h('div', { class: 'pass-stub' }, ring),
      h('div', { class: 'pass-body' },
        h('p', { class: 'pass-scope' }, ticket.scopes.map((s) => h('code', {}, s))),
        h('p', { class: 'pass-words' }, ticket.scopes.map(scopeInWords).join(', ')),
        h('p', { class: 'pass-meta' },
          h('span', { class: 'pill' }, ticket.singleUse ? 'single use' : 'time-bound'),
          h('span', {}, usesInWords(ticket))),
        stamp)),
    h('details', {},
      h('summary', {}, 'Look inside ', h('code', {}, abbreviate(ticket.text))),
      decodedToken(ticket)))
  const lifetime = ticket.claims.exp - ticket.claims.iat
  return everyTick(card, () => {
    const state = stateOf(ticket)
    const seconds = secondsLeft(ticket.claims)
    card.dataset.state = state
    stamp.textContent = state === 'live' ? '' : state
    left.textContent = state === 'live' ? clock(seconds) : '–'
    arc.setAttribute('stroke-dashoffset', AROUND * (state === 'live' ? 1 - seconds / lifetime : 1))
    card.classList.toggle('late', state === 'live' && seconds <= 30)
  })
}

function usesInWords(ticket) {
  if (ticket.singleUse) return ticket.uses ? 'used' : 'not used yet'
  return ticket.uses === 1 ? 'used once so far' : `used ${ticket.uses} times`
}
