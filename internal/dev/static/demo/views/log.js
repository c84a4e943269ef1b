// Every request the page made, newest first, tokens abbreviated.

import { h, show } from '../dom.js'

export function logView(session) {
  const rows = h('tbody', {})
  const count = h('span', { class: 'pill' })
  const draw = () => {
    count.textContent = session.wire.log.length
    show(rows, session.wire.log.map(row))
  }
  session.wire.addEventListener('answer', draw)
  draw()
  return h('details', { class: 'card log area-log' },
    h('summary', {}, h('h2', {}, 'Request log'), count),
    h('div', { class: 'scroll', tabindex: 0, role: 'region', 'aria-label': 'Requests' },
      h('table', {},
        h('thead', {}, h('tr', {}, ['Time', 'Request', 'Answer', 'Tokens sent', 'Request id'].map((title) => h('th', { scope: 'col' }, title)))),
        rows)))
}

function row(entry) {
  const mood = entry.status >= 200 && entry.status < 300 ? 'ok' : 'no'
  return h('tr', {},
    h('td', {}, entry.at.toLocaleTimeString()),
    h('td', {}, h('code', {}, h('b', {}, entry.method), ' ', entry.path)),
    h('td', {}, h('span', { class: `status ${mood}` }, entry.status || '—'), entry.code && h('code', {}, ` ${entry.code}`),
      entry.times > 1 && h('small', {}, ` ×${entry.times}`)),
    h('td', {}, entry.tokens.map((t) => h('div', {}, h('small', {}, t.name), ' ', h('code', {}, t.text)))),
    h('td', {}, h('code', {}, entry.requestId || '—')))
}
