// The elevated tokens of this page, in memory only. One live token per exact
// set of scopes; a newer one with the same set replaces the older. A
// single-use token leaves on use, whatever the answer will be; its ticket
// stays on show so that one can see it is spent.

import { decode, secondsLeft } from './jwt.js'

const KEPT = 6 // tickets on show; the oldest dead ones make room

export class TokenBank extends EventTarget {
  #tickets = []

  /** All tickets, newest first, dead ones included. */
  get tickets() {
    return [...this.#tickets]
  }

  /** Banks a token; returns its ticket, or null when the text is no usable token. */
  add(text) {
    const decoded = decode(text)
    if (!decoded || typeof decoded.claims.scope !== 'string' || !decoded.claims.exp) return null
    const scopes = decoded.claims.scope.split(' ').filter(Boolean)
    const ticket = { text, ...decoded, scopes, singleUse: decoded.claims.singleUse === true, state: 'live', uses: 0 }
    const set = key(scopes)
    const older = this.#tickets.filter((t) => !(isLive(t) && key(t.scopes) === set))
    this.#tickets = prune([ticket, ...older])
    this.#changed()
    return ticket
  }

  /** The live ticket that opens scope, or null. */
  find(scope) {
    return this.#tickets.find((t) => isLive(t) && t.scopes.includes(scope)) ?? null
  }

  /** The newest ticket that matches, dead or alive. */
  latest(matches) {
    return this.#tickets.find(matches) ?? null
  }

  /** Notes that a ticket was sent. A single-use one is gone from the bank by that. */
  use(ticket) {
    ticket.uses += 1
    if (ticket.singleUse) ticket.state = 'spent'
    this.#changed()
  }

  /** Takes a single-use ticket back that the server refused for another reason and did not burn. */
  giveBack(ticket) {
    if (ticket.state !== 'spent') return
    ticket.state = 'live'
    ticket.uses -= 1
    this.#changed()
  }

  /** Notes that the server does not accept a ticket any more. */
  kill(ticket, state = 'refused') {
    if (ticket.state === 'live') ticket.state = state
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

  #changed() {
    this.dispatchEvent(new Event('change'))
  }
}

export function isLive(ticket) {
  return ticket.state === 'live' && secondsLeft(ticket.claims) > 0
}

/** live, expired, spent or refused. */
export function stateOf(ticket) {
  return ticket.state === 'live' && !isLive(ticket) ? 'expired' : ticket.state
}

function key(scopes) {
  return [...scopes].sort().join(' ')
}

function prune(tickets) {
  let dead = tickets.length - KEPT
  return tickets.reverse().filter((t) => isLive(t) || dead-- <= 0).reverse()
}
