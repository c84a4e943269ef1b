// Sending money at the example service: somebody else's API, guarded by our
// token. The service checks session and elevated token itself.

import { h, show } from '../dom.js'
import { accepted, Bank } from '../raw.js'
import { ensure, promptStepUpAuth, registerBinding } from '../stepup/client.js'
import { ensureIntent } from './intent.js'
import { button, field, form, outcomePlace, stopped } from './parts.js'

export const TRANSFER = 'transfer:create'

/** The account list, shared by the card and the cheats so that both show the same balance. */
export class Ledger extends EventTarget {
  accounts = []
  stranger = false // the service trusts another environment, not the one we signed in to

  constructor(session) {
    super()
    this.bank = new Bank(session)
    this.waits = session.owes // the service does not accept a session that owes a second factor
    session.addEventListener('change', () => {
      if (!this.waits || session.owes) return
      this.waits = false
      this.load().catch(() => {}) // what stopped it stands in the log
    })
  }

  async load() {
    if (this.waits) return this.dispatchEvent(new Event('change'))
    try {
      this.accounts = await this.bank.accounts()
    } catch (refusal) {
      if (refusal.status !== 401) throw refusal
      this.stranger = true
    }
    this.dispatchEvent(new Event('change'))
  }
}

export function transferCard({ client }, ledger) {
  const { bank } = ledger
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
  // Runs one of the two ways to send, which gets what ensure() gives and may take its token.
  const transfer = (ensured, sending) => place.run(async () => {
    const order = { to: to.input.value.trim(), amount: amount.input.valueAsNumber }
    let elevated
    const done = await ensured(order, ({ token }) => {
      elevated = token()
      return sending(order, elevated)
    })
    if (stopped(place, done)) return
    await accepted(done.result)
    place.good(`Sent ${money(order.amount)} to ${order.to}. ${elevated ? 'The token is spent.' : 'No proof was asked.'}`)
    await ledger.load().catch(() => {}) // the money has moved all the same
  })
  const confirming = async ({ to, amount }, act) => {
    const authorizationDetails = [{ type: 'transfer', amount: String(amount), currency: 'EUR', payee: to }]
    const binding = await registerBinding({ scope: TRANSFER, authorizationDetails }, client)
    return ensureIntent(client, { scope: TRANSFER, binding, summary: binding.summary }, act)
  }
  const send = form({ class: 'stack', 'data-action': 'transfer' },
    () => transfer((order, act) => ensure(TRANSFER, act, client), bank.transfer),
    h('div', { class: 'pair' }, to.row, amount.row),
    h('div', { class: 'row' },
      h('button', { type: 'submit', class: 'button primary' }, 'Send money'),
      button('Confirm payee and amount', async () => {
        if (send.reportValidity()) await transfer(confirming, bank.confirmedTransfer)
      }, { class: 'button', 'data-do': 'confirm-transfer' }),
      button('Only get the token', () => place.run(async () => {
        await promptStepUpAuth({ requestedScopes: [TRANSFER] }, client)
        place.note('The token waits in “Elevated tokens”. Send the money before it runs out.')
      }), { class: 'button quiet', 'data-do': 'get-token' })))

  place.run(() => ledger.load())
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
