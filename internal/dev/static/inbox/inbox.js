// Shows what the development server "sent"; asks again every two seconds.

import { everyTick, h, show } from '/demo/dom.js'
import { icon } from '/demo/views/icons.js'
import { copyButton } from '/demo/views/parts.js'

const place = document.getElementById('messages')
let shown = ''

async function refresh() {
  try {
    const response = await fetch('/dev/inbox.json', { cache: 'no-store' })
    if (!response.ok) throw new Error(`the server answered ${response.status}`)
    draw((await response.json()).messages)
  } catch {
    shown = ''
    show(place, h('p', { class: 'empty' }, 'The server does not answer. Start it again and this page goes on by itself.'))
  }
  setTimeout(refresh, 2000)
}

// Redraws only when something arrived, so that a selection or an opened
// message stays as it is.
function draw(messages) {
  const state = JSON.stringify(messages.map((m) => [m.id, m.sentAt]))
  if (state === shown) return
  shown = state
  show(place, messages.length
    ? messages.map(card)
    : h('p', { class: 'empty' }, 'Nothing yet. Ask for a code in the demo app and it lands here.'))
}

function card(message) {
  const when = h('small', {})
  const text = message.kind === 'text'
  return h('article', { class: 'card message', 'data-kind': message.kind },
    h('div', { class: 'message-head' },
      h('p', { class: 'to' }, icon(text ? 'phoneNumber' : 'email'), h('span', { class: 'sr' }, text ? 'Text message to ' : 'Mail to '), message.to), everyTick(when, () => { when.textContent = ago(message.sentAt) })),
    !(text && message.purpose) && h('h2', {}, message.subject),
    message.purpose && h('p', { class: 'purpose' }, message.purpose),
    message.code && h('div', { class: 'code-line' }, h('output', {}, message.code), copyButton(message.code, `code ${message.code}`)),
    h('details', {}, h('summary', {}, 'Whole message'), h('pre', {}, linked(message.text))))
}

// Web addresses become links; everything else stays text.
function linked(text) {
  return text.split(/(https?:\/\/[^\s<>"]+)/).map((part, i) =>
    (i % 2 ? h('a', { href: part, target: '_blank', rel: 'noopener noreferrer' }, part) : part))
}

function ago(sentAt) {
  const seconds = Math.max(0, Math.round((Date.now() - Date.parse(sentAt)) / 1000))
  if (seconds < 60) return `${seconds} s ago`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ago`
  return new Date(sentAt).toLocaleTimeString()
}

refresh()
