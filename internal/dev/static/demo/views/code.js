// The form for a six-digit code, with a peek into the development inbox.

import { h, show } from '../dom.js'
import { Refusal } from '../api.js'
import { field, form, outcomePlace } from './parts.js'

/**
 * A form for the code that sent is about. submit(verificationUUID, digits) may
 * throw a Refusal, which is shown and leaves room for another try.
 */
export function codeForm(sent, { label, submit, extra }) {
  const { row, input } = field('Six-digit code', {
    class: 'code-input', name: 'code', inputmode: 'numeric', autocomplete: 'one-time-code',
    pattern: '[0-9]{6}|[0-9]{8}', maxlength: 8, required: true, placeholder: '······', title: 'Six digits',
  })
  const place = outcomePlace()
  const guard = async (work) => {
    place.clear()
    try {
      await work()
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal
      place.refused(refusal)
      input.select()
    }
  }
  const resend = h('button', {
    type: 'button',
    class: 'button quiet',
    onclick: () => guard(async () => {
      await sent.sendAgain()
      place.note('Sent another one. The one before is void.')
    }),
  }, 'Send another code')

  const element = form({ class: 'stack code-form' }, () => guard(() => submit(sent.verificationUUID, input.value)),
    h('p', {}, 'We sent a code to ', h('strong', {}, sent.address), '.'),
    row,
    peek(sent, (code) => {
      input.value = code
      input.focus()
    }),
    place.element,
    h('div', { class: 'row' }, h('button', { type: 'submit', class: 'button primary' }, label), resend, extra))
  return { element, focus: () => input.focus() }
}

/** The code itself, taken from the inbox every two seconds while on the page. */
function peek(sent, use) {
  const element = h('aside', { class: 'peek', 'aria-label': 'Development inbox' })
  let shown
  const refresh = async () => {
    const message = await sent.peek()
    if (shown !== (message?.id ?? '')) draw(message)
    setTimeout(() => element.isConnected && refresh(), message ? 2000 : 200)
  }
  const draw = (message) => {
    shown = message?.id ?? ''
    show(element,
      h('p', { class: 'peek-title' }, 'Development inbox', h('a', { href: '/dev/inbox', target: 'stepup-inbox' }, 'Open the inbox')),
      message
        ? [h('p', { class: 'peek-code' }, message.code,
          h('button', { type: 'button', class: 'button small', onclick: () => use(message.code) }, 'Use it')),
        h('p', { class: 'hint' }, message.purpose)]
        : h('p', { class: 'hint' }, 'Waiting for the mail…'))
  }
  refresh()
  return element
}
