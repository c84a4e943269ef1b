// Email addresses and phone numbers: a code proves that they are yours.

import { h } from '../../dom.js'
import { SentCode } from '../../inbox.js'
import { ensure, sendEmailOTP, sendSmsOTP, verifyOTP } from '../../stepup/client.js'
import { newAddressPrompt } from '../dialog.js'
import { field, form, outcomePlace, stopped } from '../parts.js'
import { card, credentialList, LINK } from './card.js'

const KINDS = {
  email: {
    kind: 'email', title: 'Email addresses', text: 'A code by mail signs you in and, as long as you have no second factor, steps you up.',
    label: 'Another email address', name: 'link', input: { type: 'email', placeholder: 'ada@work.example' }, clean: (text) => text.trim(),
    send: (email, client) => sendEmailOTP({ email }, client),
  },
  phoneNumber: {
    kind: 'sms', title: 'Phone numbers', text: 'The same by text message. The weakest way there is; some scopes refuse it.',
    label: 'Phone number, with country code', name: 'phone', input: { type: 'tel', placeholder: '+1 415 555 2671', pattern: '\\+[0-9 ]{7,20}', title: 'A number that begins with + and the country code' },
    clean: (text) => text.replace(/[^+0-9]/g, ''),
    send: (phoneNumber, client) => sendSmsOTP({ phoneNumber }, client),
  },
}

// Step up first, then prove the new address: a wrong code for it is asked
// again in the dialog and costs nothing of the token.
export function addressCard(session, format) {
  const { kind, title, text, label, name, input: attributes, clean, send } = KINDS[format]
  const { client } = session
  const place = outcomePlace()
  const { row, input } = field(label, { name, required: true, autocomplete: 'off', ...attributes })
  const link = form({ class: 'inline', 'data-action': name }, () => place.run(async () => {
    const to = clean(input.value)
    const begun = await ensure(LINK, () => new SentCode(kind, to, () => send(to, client)).sendAgain(), client)
    if (stopped(place, begun)) return
    const sent = begun.result
    const answer = await newAddressPrompt(sent, (digits) => verifyOTP({ verificationToken: digits, otpVerification: sent.verification }, client))
    if (answer.kind !== 'linked') return place.note('Cancelled. Nothing is linked.')
    place.good(`Linked ${to}. You can sign in with it now.`)
    input.value = ''
  }), row, h('button', { type: 'submit', class: 'button' }, 'Link'))
  return card(format, title, text, credentialList(session, place, format), link, place.element)
}
