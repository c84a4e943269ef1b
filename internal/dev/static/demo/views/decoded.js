// A token taken apart: header, claims, with times in words.

import { everyTick, h } from '../dom.js'
import { clock } from '../jwt.js'
import { claimInWords } from '../words.js'

const TIMES = new Set(['exp', 'iat', 'auth_time', 'nbf'])

export function decodedToken({ header, claims }) {
  return h('div', { class: 'decoded' },
    h('h4', {}, 'Header'), claimList(header),
    h('h4', {}, 'Claims'), claimList(claims))
}

function claimList(object) {
  return h('dl', { class: 'claims' }, Object.entries(object).map(([name, value]) =>
    h('div', {},
      h('dt', {}, name, claimInWords(name) && h('small', {}, claimInWords(name))),
      h('dd', {}, TIMES.has(name) ? time(value, name === 'exp') : h('code', {}, text(value))))))
}

function text(value) {
  return typeof value === 'string' ? value : JSON.stringify(value)
}

function time(seconds, ahead) {
  const relative = h('small', {})
  return everyTick(h('span', {}, new Date(seconds * 1000).toLocaleTimeString(), ' ', relative), () => {
    const away = Math.round(seconds - Date.now() / 1000)
    relative.textContent = ahead && away >= 0 ? `in ${clock(away)}` : `${clock(Math.max(0, -away))} ago`
  })
}
