// The form for a code: six digits that were sent or that an app shows, or a
// recovery code. Beside it, what a developer has at hand instead of a phone.

import { h, show } from '../dom.js'
import { currentCode, stepAt } from '../totp.js'
import { field, form, outcomePlace } from './parts.js'

const DIGITS = {
  class: 'code-input', inputmode: 'numeric', autocomplete: 'one-time-code',
  pattern: '\\D*(\\d\\D*){6,8}', placeholder: '······', title: 'Six to eight digits; spaces and hyphens between them do not matter',
}
const WORDS = { class: 'code-input words', autocomplete: 'off', autocapitalize: 'characters', spellcheck: 'false', placeholder: 'XXXX-XXXX-XXXX-XXXX' }

/**
 * A form for a code. submit(text) may reject, which is shown and leaves
 * room for another try. sent: the code on its way, if it is one; app: the one
 * that this page plays; kind: recovery for a long code.
 */
export function codeForm({ sent, app, kind, intro, label, submit, extra }) {
  const recovery = kind === 'recovery'
  const { row, input } = field(recovery ? 'Recovery code' : 'Code', { name: 'code', required: true, ...(recovery ? WORDS : DIGITS) })
  const place = outcomePlace()
  const guard = async (work) => {
    if (!await place.run(work)) input.select()
  }
  const typed = async () => {
    await submit(input.value.trim())
    if (app) app.usedStep = stepAt()
  }
  const use = (code) => {
    input.value = code
    input.focus()
  }
  const resend = sent && h('button', {
    type: 'button',
    class: 'button quiet',
    onclick: () => guard(async () => {
      await sent.sendAgain()
      place.note('Sent another one. The one before is void.')
    }),
  }, 'Send another code')

  const element = form({ class: 'stack code-form' }, () => guard(typed),
    sent ? h('p', {}, 'We sent a code to ', h('strong', {}, sent.to), '.') : intro && h('p', {}, intro),
    row,
    sent && peek(sent, use),
    app && playedApp(app, use),
    place.element,
    h('div', { class: 'row' }, h('button', { type: 'submit', class: 'button primary' }, label), resend, extra))
  return { element, focus: () => input.focus() }
}

function aside(title, link, body) {
  return h('aside', { class: 'peek', 'aria-label': title }, h('p', { class: 'peek-title' }, title, link), body)
}

function codeLine(code, use) {
  return h('p', { class: 'peek-code' }, code, h('button', { type: 'button', class: 'button small', disabled: !use, onclick: () => use(code) }, 'Use it'))
}

/** The code itself, taken from the inbox every two seconds while on the page. */
export function peek(sent, use) {
  const body = h('div', {})
  const element = aside('Development inbox', h('a', { href: '/dev/inbox', target: 'stepup-inbox' }, 'Open the inbox'), body)
  let shown
  const refresh = async () => {
    const message = await sent.peek()
    if (shown !== (message?.id ?? '')) draw(message)
    setTimeout(() => element.isConnected && refresh(), message ? 2000 : 200)
  }
  const draw = (message) => {
    shown = message?.id ?? ''
    show(body, message
      ? [codeLine(message.code, use), h('p', { class: 'hint' }, message.purpose)]
      : h('p', { class: 'hint' }, sent.kind === 'email' ? 'Waiting for the mail…' : 'Waiting for the text message…'))
  }
  refresh()
  return element
}

/** The authenticator app that this page plays: its code, for how long, and whether it was used. */
export function playedApp(app, use) {
  const body = h('div', {})
  const hint = h('p', { class: 'hint' })
  const element = aside('No phone at hand? This page plays the app', null, [body, hint])
  let shown
  const refresh = async () => {
    const now = await currentCode(app.secret)
    const used = now.step === app.usedStep
    if (shown !== `${now.step} ${used}`) show(body, codeLine(now.code, used ? null : use))
    shown = `${now.step} ${used}`
    hint.textContent = used ? `Used already, and each works once. The next one comes in ${now.left} s.` : `Computed here, from the secret. Changes in ${now.left} s.`
    setTimeout(() => element.isConnected && refresh(), 500)
  }
  refresh()
  return element
}
