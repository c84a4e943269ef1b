// Modal questions: the step-up prompt and the code for a new address. Each
// resolves once, also when the dialog is closed with Escape.

import { h, show } from '../dom.js'
import { Refusal } from '../api.js'
import { sendCode } from '../sentcode.js'
import { scopeInWords } from '../words.js'
import { codeForm } from './code.js'
import { form, outcomePlace } from './parts.js'

function openDialog(title, name, draw) {
  return new Promise((resolve) => {
    const body = h('div', { class: 'stack' })
    const dialog = h('dialog', { class: 'dialog', 'aria-labelledby': 'dialog-title', 'data-dialog': name },
      h('div', { class: 'dialog-head' },
        h('h2', { id: 'dialog-title' }, title),
        h('button', { type: 'button', class: 'button quiet small', 'aria-label': 'Close', onclick: () => dialog.close() }, '✕')),
      body)
    let outcome = { kind: 'cancelled' }
    dialog.addEventListener('close', () => { dialog.remove(); resolve(outcome) })
    document.getElementById('dialogs').append(dialog)
    dialog.showModal()
    draw(body, (result) => { outcome = result; dialog.close() })
  })
}

/** The prompt that ensure() calls: prove it is you with a code to one of your addresses. */
export function stepUpPrompt(session) {
  return (scope, check) => openDialog('Prove it is you', 'stepup', (body, finish) => {
    const options = check.credentials.map((credential) => {
      const own = session.user.verifiedCredentials.find((c) => c.id === credential.id)
      return { ...credential, email: own?.email ?? (credential.format === 'email' ? credential.alias : undefined) }
    })
    const usable = options.filter((o) => o.format === 'email' && o.email)
    const preferred = usable.find((o) => o.id === check.defaultCredentialId) ?? usable[0]
    const place = outcomePlace()

    const choice = form({ class: 'stack' }, async () => {
      const email = usable.find((o) => o.id === new FormData(choice).get('credential'))?.email
      try {
        await askForCode(session, body, email, scope, finish)
      } catch (refusal) {
        if (!(refusal instanceof Refusal)) throw refusal
        place.refused(refusal)
      }
    },
    purpose(scope),
    h('fieldset', { class: 'choices' },
      h('legend', {}, 'Send a code to'),
      options.map((option) => credentialChoice(option, option === preferred, usable.includes(option)))),
    place.element,
    h('div', { class: 'row' },
      h('button', { type: 'submit', class: 'button primary', disabled: usable.length === 0 }, 'Send me a code')))
    show(body, choice)
    choice.querySelector('[type=submit]').focus()
  })
}

function purpose(scope) {
  return h('p', { class: 'purpose' }, h('strong', {}, scopeInWords(scope)), h('code', { class: 'scope' }, scope))
}

function credentialChoice(option, checked, usable) {
  return h('label', { class: 'choice' },
    h('input', { type: 'radio', name: 'credential', value: option.id, checked, disabled: !usable, required: true }),
    h('span', {}, option.email ?? option.alias ?? option.format, !usable && h('small', {}, ' not in this demo')))
}

async function askForCode(session, body, email, scope, finish) {
  const code = codeForm(await sendCode(session.api, email), {
    label: 'Prove it',
    submit: async (verification, digits) => {
      const ticket = session.accept(await session.api.verifyCode(verification, digits, { requestedScopes: [scope] }))
      finish(ticket ? { kind: 'token', ticket } : { kind: 'failed', refusal: noToken })
    },
  })
  show(body, purpose(scope), code.element)
  code.focus()
}

const noToken = new Refusal({ status: 200, code: 'no_token', path: '', message: 'The code was right, but no token came with the answer.' })

/** Asks for the code sent to a new address. Resolves to what submit() gives, or cancelled. */
export function newAddressPrompt(sent, submit) {
  return openDialog('Confirm the new address', 'new-address', (body, finish) => {
    const code = codeForm(sent, {
      label: 'Link this address',
      submit: async (verification, digits) => finish(await submit(verification, digits)),
    })
    show(body, code.element)
    code.focus()
  })
}

/** A yes-or-no question about something that cannot be undone. */
export function confirmPrompt(title, text, label) {
  return openDialog(title, 'confirm', (body, finish) => {
    show(body, h('p', {}, text), h('div', { class: 'row' },
      h('button', { type: 'button', class: 'button danger', onclick: () => finish({ kind: 'confirmed' }) }, label),
      h('button', { type: 'button', class: 'button quiet', onclick: () => finish({ kind: 'cancelled' }) }, 'Keep it')))
  })
}
