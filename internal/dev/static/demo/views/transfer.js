// Sending money at the example service: somebody else's API, guarded by our
// token. The service checks session and elevated token itself.

import { h, show } from '../dom.js'
import { attempt, authorized, ensure, guarded } from '../stepup.js'
import { intentPrompt } from './keptdialogs.js'
import { button, field, form, outcomePlace, showStop } from './parts.js'

export const TRANSFER = 'transfer:create'

/** The account list, shared by the card and the cheats so that both show the same balance. */
export class Ledger extends EventTarget {
  accounts = []
  stranger = false // the service trusts another environment, not the one we signed in to

  constructor(session) {
    super()
    this.session = session
    this.waits = session.owes // the service does not accept a session that owes a second factor
    session.addEventListener('change', () => {
      if (!this.waits || session.owes || !session.isSignedIn) return
      this.waits = false
      this.load().catch(() => {}) // what stopped it stands in the log
    })
  }

  async load() {
    if (this.waits) return this.dispatchEvent(new Event('change'))
    try {
      this.accounts = (await this.session.api.accounts()).accounts
    } catch (refusal) {
      if (refusal.status !== 401) throw refusal
      this.stranger = true
    }
    this.dispatchEvent(new Event('change'))
  }
}

export function transferCard(session, ledger, prompt) {
  const place = outcomePlace()
  const accounts = h('ul', { class: 'accounts' })
  const to = field('To', { name: 'to', required: true, value: 'bob', autocomplete: 'off', autocapitalize: 'none' })
  const amount = field('Amount', { name: 'amount', type: 'number', min: 1, step: 1, inputmode: 'numeric', required: true, value: 25 })
  let waited = false
  ledger.addEventListener('change', () => {
    show(accounts, ledger.accounts.map(accountRow))
    send.hidden = ledger.stranger || ledger.waits
    if (ledger.waits) place.note('The bank opens to this session after its second factor.')
    else if (waited) place.clear()
    waited = ledger.waits
    if (ledger.stranger) place.note('The bank trusts the tokens of another environment only. Sign in there to send money.')
  })
  const ordered = () => ({ to: to.input.value.trim(), amount: amount.input.valueAsNumber })
  const sent = async (order, outcome) => {
    if (outcome.kind !== 'done') return showStop(place, outcome)
    place.good(`Sent ${money(order.amount)} to ${order.to}. ${outcome.ticket ? 'The token is spent.' : 'No proof was asked.'}`)
    await ledger.load().catch(() => {}) // the money has moved all the same
  }
  const send = form({ class: 'stack', 'data-action': 'transfer' }, async () => {
    place.clear()
    const order = ordered()
    await sent(order, await guarded(session, TRANSFER, prompt, (token) => session.api.transfer(order, token)))
  },
  h('div', { class: 'pair' }, to.row, amount.row),
  h('div', { class: 'row' },
    h('button', { type: 'submit', class: 'button primary' }, 'Send money'),
    button('Confirm payee and amount', async () => {
      place.clear()
      if (!send.reportValidity()) return
      const order = ordered()
      const authorizationDetails = [{ type: 'transfer', amount: String(order.amount), currency: 'EUR', payee: order.to }]
      const asked = { scope: TRANSFER, authorizationDetails }
      await sent(order, await authorized(session, asked, prompt, intentPrompt, (token) => session.api.confirmedTransfer(order, token)))
    }, { class: 'button', 'data-do': 'confirm-transfer' }),
    button('Only get the token', async () => {
      const outcome = await ensure(session, TRANSFER, prompt)
      if (outcome.kind !== 'token') return showStop(place, outcome)
      place.note('The token waits in “Elevated tokens”. Send the money before it runs out.')
    }, { class: 'button quiet', 'data-do': 'get-token' })))

  ledger.load().catch((refusal) => place.refused(refusal))
  return h('article', { class: 'card feature' },
    h('header', { class: 'card-head' }, h('h3', {}, 'Send money'), h('code', { class: 'scope' }, TRANSFER)),
    h('p', {}, 'At the example bank, a separate service. It asks for a single-use token each time; one that confirms payee and amount is good for nothing else.'),
    accounts, send, place.element)
}

function accountRow(account) {
  return h('li', { 'data-account': account.id },
    h('span', {}, account.name ?? account.id), h('strong', {}, money(account.balance)))
}

export function money(amount) {
  return new Intl.NumberFormat('en', { style: 'currency', currency: 'EUR', maximumFractionDigits: 0 }).format(amount)
}

/** The transfer that a ticket is bound to once more, or one of 1 with exactly this ticket (or none), for the cheats. */
export function tryTransfer(session, ticket, token = ticket?.text) {
  const [bound] = ticket?.claims.authorization_details ?? []
  if (bound) {
    const same = { to: bound.payee, amount: Number(bound.amount) }
    return attempt(session, ticket, () => session.api.confirmedTransfer(same, token))
  }
  const order = { to: 'mallory', amount: 1 }
  return attempt(session, ticket, () => session.api.transfer(order, token))
}
