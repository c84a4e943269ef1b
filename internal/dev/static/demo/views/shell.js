// The frame: the bar on top and the signed-in page.

import { everyTick, h, show, svg } from '../dom.js'
import { Factors } from '../factors.js'
import { isLive } from '../tickets.js'
import { accountView } from './account.js'
import { actionCards } from './actions.js'
import { cheatsView } from './cheats.js'
import { banners } from './banners.js'
import { keptWalletsCard } from './kept.js'
import { logView } from './log.js'
import { migrationView } from './migration.js'
import { button } from './parts.js'
import { ticketsView } from './tickets.js'
import { Ledger, transferCard } from './transfer.js'
import { waysView } from './ways.js'

export function topbar(session) {
  return [
    h('a', { class: 'brand', href: '/demo/' },
      svg('svg', { viewBox: '0 0 32 32', 'aria-hidden': 'true' },
        svg('path', { class: 'brand-steps', d: 'M3 28v-7h8v-7h8V7h10v21z' }),
        svg('path', { class: 'brand-gold', d: 'M19 7h10v7H19z' })),
      'stepup', h('span', { class: 'brand-note' }, 'demo')),
    h('nav', { 'aria-label': 'Page' },
      session.isSignedIn && h('span', { class: 'env', title: session.environment.id }, session.environment.name,
        !session.environment.name.includes(session.environment.minApiVersion) && h('code', {}, session.environment.minApiVersion)),
      h('a', { class: 'button small on-dark', href: '/dev/inbox', target: 'stepup-inbox' }, 'Inbox'),
      session.isSignedIn && button('Sign out', () => session.end(), { class: 'button small on-dark' })),
  ]
}

export function home(session) {
  const ledger = new Ledger(session)
  const factors = new Factors(session)
  factors.load().catch(() => {}) // what stopped it stands in the log
  const bank = session.config.bankUrl !== ''
  return everyTick(h('div', { class: 'home' },
    h('h1', { class: 'sr' }, 'Signed in to the demo'),
    progress(session),
    banners(session, factors),
    h('div', { class: 'columns' },
      ticketsView(session),
      h('section', { class: 'area-actions', 'aria-labelledby': 'actions-title' },
        h('h2', { id: 'actions-title' }, 'Actions'),
        h('div', { class: 'cards' },
          bank && transferCard(session, ledger),
          session.config.keptWallets && keptWalletsCard(session),
          actionCards(session))),
      accountView(session)),
    session.environment.migrating && session.config.operatorToken && migrationView(session, factors),
    waysView(session, factors),
    bank && cheatsView(session, ledger),
    logView(session)), () => session.watchExpiry())
}

function progress(session) {
  const list = h('ol', { class: 'progress', 'aria-label': 'How far you are' })
  const draw = () => {
    const tickets = session.tickets.all
    const steps = [
      ['Signed in', true],
      ['Stepped up', tickets.length > 0],
      ['Acted', tickets.some((t) => t.uses > 0)],
    ]
    const live = tickets.some(isLive)
    show(list, steps.map(([label, done], i) => h('li', { class: [done && 'done', i === 1 && live && 'live'].filter(Boolean).join(' ') },
      h('span', { class: 'progress-number', 'aria-hidden': 'true' }, i + 1), label, h('span', { class: 'sr' }, done ? ' (done)' : ' (not yet)'))))
  }
  session.tickets.addEventListener('change', draw)
  draw()
  return list
}
