// The questions around a kept wallet: what to sign, whether to go on where no
// proof is asked, and the exported key behind a cover.

import { h, show } from '../dom.js'
import { openDialog } from './dialog.js'
import { button, copyButton, form } from './parts.js'

/** Asks for some fields. Resolves to {kind: 'asked'} or cancelled. */
export function ask(title, text, fields, label) {
  return openDialog(title, 'ask', (body, finish) => {
    show(body, form({ class: 'stack' }, () => finish({ kind: 'asked' }), h('p', { class: 'hint' }, text), fields.map((f) => f.row),
      h('div', { class: 'row' }, h('button', { type: 'submit', class: 'button primary' }, label))))
    fields[0].input.select()
  })
}

/** What the server says an operation will do. */
export function intentView({ summary, lines, unvalued, reason }) {
  return h('div', { class: 'intent' },
    h('p', { class: 'intent-summary' }, summary),
    unvalued && h('p', { class: 'bad' }, `What this may cost cannot be told${reason ? `: ${reason}` : ''}.`),
    lines.length > 0 && h('dl', { class: 'facts' }, lines.map(({ label, value }) => h('div', {}, h('dt', {}, label), h('dd', {}, value)))))
}

/** Shows it where no proof is asked. Resolves to {kind: 'not-required'} or cancelled. */
export function intentPrompt(intent) {
  return openDialog('Is this what you want?', 'intent', (body, finish) => {
    show(body, intentView(intent), h('div', { class: 'row' },
      h('button', { type: 'button', class: 'button primary', onclick: () => finish({ kind: 'not-required' }) }, 'Go on')))
  })
}

/** The private key behind a cover; gone when the dialog is closed. */
export function revealKey(wallet, text) {
  return openDialog('Your private key', 'private-key', (body) => {
    const shown = h('code', { class: 'private-key', 'data-covered': '' }, '•'.repeat(40))
    const toggle = button('Reveal', () => {
      const covered = shown.hasAttribute('data-covered')
      shown.toggleAttribute('data-covered', !covered)
      show(shown, covered ? text : '•'.repeat(40))
      toggle.textContent = covered ? 'Cover' : 'Reveal'
    }, { class: 'button', 'data-do': 'reveal' })
    show(body,
      h('p', {}, 'It came sealed to a key that this page made, and was opened here. Whoever reads it has the wallet, whatever happens here afterwards.'),
      h('p', { class: 'hint' }, wallet.address),
      h('p', { class: 'peek' }, shown),
      h('div', { class: 'row' }, toggle, copyButton(text, 'private key')))
  })
}
