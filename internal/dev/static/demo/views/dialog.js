// Modal questions. Each resolves once, also when the dialog is closed with Escape.

import { h, show } from '../dom.js'
import { codeForm } from './code.js'
import { field, form } from './parts.js'

/**
 * Opens a dialog that draw(body, finish, signal) fills. Resolves to what finish
 * gets, else to {kind: 'cancelled'}; signal is aborted when it is closed.
 */
export function openDialog(title, name, draw) {
  return new Promise((resolve) => {
    const body = h('div', { class: 'stack' })
    const closing = new AbortController()
    const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': 'dialog-title', 'data-dialog': name },
      h('div', { class: 'dialog-head' },
        h('h2', { id: 'dialog-title' }, title),
        h('button', { type: 'button', class: 'button quiet small', 'aria-label': 'Close', onclick: () => dialog.close() }, '✕')),
      body)
    let outcome = { kind: 'cancelled' }
    dialog.addEventListener('close', () => { closing.abort(); dialog.remove(); resolve(outcome) })
    document.getElementById('dialogs').append(dialog)
    dialog.showModal()
    draw(body, (result) => { outcome = result; dialog.close() }, closing.signal)
  })
}

/** Asks for the code sent to a new address or number. Resolves to {kind: 'linked'} or cancelled. */
export function newAddressPrompt(sent, link) {
  const [title, label] = sent.kind === 'email' ? ['Confirm the new address', 'Link this address'] : ['Confirm the new number', 'Link this number']
  return openDialog(title, 'new-address', (body, finish) => {
    const code = codeForm({ sent, label, submit: async (digits) => {
      await link(digits)
      finish({ kind: 'linked' })
    } })
    show(body, code.element)
    code.focus()
  })
}

/** A yes-or-no question about something that cannot be undone. */
export function confirmPrompt(title, text, label, keep = 'Keep it') {
  return openDialog(title, 'confirm', (body, finish) => {
    show(body, h('p', {}, text), h('div', { class: 'row' },
      h('button', { type: 'button', class: 'button danger', onclick: () => finish({ kind: 'confirmed' }) }, label),
      h('button', { type: 'button', class: 'button quiet', onclick: () => finish({ kind: 'cancelled' }) }, keep)))
  })
}

/** Asks for a name. Resolves to {kind: 'named', name} or cancelled. */
export function namePrompt(title, current) {
  return openDialog(title, 'name', (body, finish) => {
    const { row, input } = field('Name', { name: 'alias', required: true, maxlength: 40, autocomplete: 'off', value: current })
    show(body, form({ class: 'stack' }, () => finish({ kind: 'named', name: input.value.trim() }), row,
      h('div', { class: 'row' }, h('button', { type: 'submit', class: 'button primary' }, 'Save'))))
    input.select()
  })
}

/** Asks for some fields. Resolves to {kind: 'asked'} or cancelled. */
export function ask(title, text, fields, label) {
  return openDialog(title, 'ask', (body, finish) => {
    show(body, form({ class: 'stack' }, () => finish({ kind: 'asked' }), h('p', { class: 'hint' }, text), fields.map((f) => f.row),
      h('div', { class: 'row' }, h('button', { type: 'submit', class: 'button primary' }, label))))
    fields[0].input.select()
  })
}
