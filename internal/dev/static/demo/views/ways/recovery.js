// Recovery codes: for the day the phone is gone. Shown once, then only used.

import { h, show } from '../../dom.js'
import { guardedIfAsked } from '../../stepup.js'
import { confirmPrompt, openDialog } from '../dialog.js'
import { button, copyButton, outcomePlace, showStop } from '../parts.js'
import { card, LINK } from './card.js'

export function recoveryCard(session, factors, prompt) {
  const place = outcomePlace()
  const none = h('p', { class: 'hint' }, 'They stand in for a second factor, so add one first.')
  const buttons = h('div', { class: 'row' },
    button('Show the codes', () => place.run(() => showCodes(session, prompt, place)), { class: 'button', 'data-do': 'show-codes' }),
    button('Make new ones', () => place.run(async () => {
      const sure = await confirmPrompt('Make new recovery codes?', 'Those you have now stop working.', 'Make new ones', 'Keep them')
      if (sure.kind === 'confirmed') await showCodes(session, prompt, place, true)
    }), { class: 'button quiet', 'data-do': 'renew-codes' }))
  const draw = () => {
    none.hidden = factors.any
    buttons.hidden = !factors.any
  }
  factors.addEventListener('change', draw)
  draw()
  return card('recoveryCode', 'Recovery codes', 'Ten codes on paper, each good for one time, for when the app or the device is lost.', none, buttons, place.element)
}

/** Shows the codes, makes new ones when renew is set, and has the user say that they are kept. */
export async function showCodes(session, prompt, place, renew = false) {
  const outcome = await guardedIfAsked(session, LINK, prompt, (token) =>
    (renew ? session.api.renewRecoveryCodes(token) : session.api.recoveryCodes(token)))
  if (outcome.kind !== 'done') return showStop(place, outcome)
  const { recoveryCodes, count } = outcome.value
  if (recoveryCodes.length === 0) return place.note(`You have ${count} left. Codes that were acknowledged are never shown again; make new ones if you lost them.`)
  const answer = await codesPrompt(session, recoveryCodes)
  await session.reload()
  if (answer.kind === 'kept') place.good('Noted. From now on they are only used, never shown.')
}

function codesPrompt(session, codes) {
  return openDialog('Your recovery codes', 'codes', (body, finish) => {
    const place = outcomePlace()
    show(body,
      h('p', {}, 'Write them down or keep them in a password manager. After you confirm that, nobody can make this page show them again.'),
      h('ol', { class: 'codes' }, codes.map((code) => h('li', {}, h('code', {}, code)))),
      place.element,
      h('div', { class: 'row' },
        button('I have kept them', () => place.run(async () => {
          session.accept(await session.api.updateUser({ mfaBackupCodeAcknowledgement: 'complete' }))
          finish({ kind: 'kept' })
        }), { class: 'button primary', 'data-do': 'acknowledge' }),
        copyButton(codes.join('\n'), 'codes', 'Copy all')))
  })
}
