// Email addresses and phone numbers: a code proves that they are yours.

import { h } from '../../dom.js'
import { sendCode } from '../../sentcode.js'
import { attempt, ensure } from '../../stepup.js'
import { newAddressPrompt } from '../dialog.js'
import { field, form, outcomePlace, showStop } from '../parts.js'
import { card, credentialList, LINK } from './card.js'

const KINDS = {
  email: {
    kind: 'email', title: 'Email addresses', text: 'A code by mail signs you in and, as long as you have no second factor, steps you up.',
    label: 'Another email address', name: 'link', input: { type: 'email', placeholder: 'ada@work.example' }, clean: (text) => text.trim(),
  },
  phoneNumber: {
    kind: 'sms', title: 'Phone numbers', text: 'The same by text message. The weakest way there is; some scopes refuse it.',
    label: 'Phone number, with country code', name: 'phone', input: { type: 'tel', placeholder: '+1 415 555 2671', pattern: '\\+[0-9 ]{7,20}', title: 'A number that begins with + and the country code' },
    clean: (text) => text.replace(/[^+0-9]/g, ''),
  },
}

export function addressCard(session, prompt, format) {
  const { kind, title, text, label, name, input: attributes, clean } = KINDS[format]
  const place = outcomePlace()
  const { row, input } = field(label, { name, required: true, autocomplete: 'off', ...attributes })
  const link = form({ class: 'inline', 'data-action': name }, () => place.run(async () => {
    const to = clean(input.value)
    const outcome = await linkAddress(session, prompt, kind, to)
    if (outcome.kind !== 'done') return showStop(place, outcome)
    place.good(`Linked ${to}. You can sign in with it now.`)
    input.value = ''
  }), row, h('button', { type: 'submit', class: 'button' }, 'Link'))
  return card(format, title, text, credentialList(session, prompt, place, format), link, place.element)
}

// Step up first, then prove the new address: a wrong code for it is asked
// again in the dialog and costs nothing of the token.
async function linkAddress(session, prompt, kind, to) {
  const allowed = await ensure(session, LINK, prompt)
  if (allowed.kind !== 'token' && allowed.kind !== 'not-required') return allowed
  const sent = await sendCode(session.api, kind, to)
  return newAddressPrompt(sent, async (digits) => {
    const outcome = await attempt(session, allowed.ticket, (token) => session.api.verifyCode(kind, sent.typed(digits), token))
    if (outcome.kind === 'done') session.accept(outcome.value)
    else if (!outcome.refusal.isAboutToken) throw outcome.refusal
    return outcome
  })
}
