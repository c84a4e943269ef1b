// The elevated tokens that were seen on the wire, and what became of them. It is
// for show: the client keeps its own and says nothing of those that are gone.

import { decode, secondsLeft } from './jwt.js'

const KEPT = 6 // tickets on show; the oldest dead ones make room
const DEAD = ['expired', 'spent', 'superseded', 'disputed']

export class Tickets extends EventTarget {
  #tickets = []

  /** Follows what a wire tells. */
  constructor(wire) {
    super()
    wire?.addEventListener('request', ({ detail: { elevated } }) => this.#sent(elevated))
    wire?.addEventListener('answer', ({ detail: { entry, elevated, answer } }) => {
      this.#answered(elevated, entry, answer.payload?.reason ?? '')
      if (entry.own && answer.elevatedAccessToken) this.add(answer.elevatedAccessToken)
    })
  }

  /** All tickets, newest first, dead ones included. */
  get all() {
    return [...this.#tickets]
  }

  /** The newest ticket that matches, dead or alive; null if there is none. */
  latest(matches) {
    return this.#tickets.find(matches) ?? null
  }

  /** Puts a token on show, in place of a live one for the same. What is no usable token is not. */
  add(text) {
    const decoded = decode(text)
    if (!decoded || typeof decoded.claims.scope !== 'string' || !decoded.claims.exp) return
    const scopes = decoded.claims.scope.split(' ').filter(Boolean)
    const ticket = { text, ...decoded, scopes, singleUse: decoded.claims.singleUse === true, state: 'live', uses: 0 }
    this.#tickets = prune([ticket, ...this.#tickets.filter((t) => !(isLive(t) && what(t) === what(ticket)))])
    this.#changed()
  }

  /** Notes that the server killed every live ticket that matches, together with what it came from. */
  killAll(matches = () => true) {
    for (const ticket of this.#tickets) if (isLive(ticket) && matches(ticket)) ticket.state = 'superseded'
    this.#changed()
  }

  clear() {
    this.#tickets = []
    this.#changed()
  }

  // One that works once may be spent from the moment it is sent.
  #sent(text) {
    const ticket = this.latest((t) => t.text === text)
    if (!ticket) return
    ticket.uses += 1
    if (ticket.singleUse && ticket.state === 'live') ticket.state = 'in use'
    this.#changed()
  }

  // Our own gates spend a token together with what it allowed, so that a refusal for
  // another reason leaves it whole. A guard elsewhere may have spent it all the same.
  #answered(text, { status, own }, reason) {
    const ticket = this.latest((t) => t.text === text)
    if (!ticket) return
    const refused = status >= 400 && status < 500
    if (refused && DEAD.includes(reason)) ticket.state = reason
    else if (ticket.state === 'in use') ticket.state = refused && own ? 'live' : 'spent'
    if (ticket.state === 'live' && ticket.singleUse) ticket.uses = 0
    this.#changed()
  }

  #changed() {
    this.dispatchEvent(new Event('change'))
  }
}

export function isLive(ticket) {
  return ticket.state === 'live' && secondsLeft(ticket.claims) > 0
}

/** live, expired, spent, superseded … */
export function stateOf(ticket) {
  return ticket.state === 'live' && !isLive(ticket) ? 'expired' : ticket.state
}

// Tokens for the same scopes and the same transaction take each other's place.
function what({ scopes, claims }) {
  return `${[...scopes].sort().join(' ')} ${claims.authorization_details_hash ?? ''}`
}

function prune(tickets) {
  let dead = tickets.length - KEPT
  return tickets.reverse().filter((t) => isLive(t) || dead-- <= 0).reverse()
}
