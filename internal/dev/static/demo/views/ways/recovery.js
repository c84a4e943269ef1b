// Recovery codes: for the day the phone is gone. Shown once, then only used.

import { h, show } from '../../dom.js'
import { acknowledgeRecoveryCodes, createNewMfaRecoveryCodes, ensure, getMfaRecoveryCodes, refreshUser } from '../../stepup/client.js'
import { confirmPrompt, openDialog } from '../dialog.js'
import { button, copyButton, outcomePlace, stopped } from '../parts.js'
import { card, LINK } from './card.js'

export function recoveryCard(session, factors) {
  const place = outcomePlace()
  const none = h('p', { class: 'hint' }, 'They stand in for a second factor, so add one first.')
  const buttons = h('div', { class: 'row' },
    button('Show the codes', () => place.run(() => showCodes(session, place)), { class: 'button', 'data-do': 'show-codes' }),
    button('Make new ones', () => place.run(async () => {
      const sure = await confirmPrompt('Make new recovery codes?', 'Those you have now stop working.', 'Make new ones', 'Keep them')
      if (sure.kind === 'confirmed') await showCodes(session, place, createNewMfaRecoveryCodes)
    }), { class: 'button quiet', 'data-do': 'renew-codes' }))
  const draw = () => {
    none.hidden = factors.any
    buttons.hidden = !factors.any
  }
  factors.addEventListener('change', draw)
  draw()
  return card('recoveryCode', 'Recovery codes', 'Ten codes on paper, each good for one time, for when the app or the device is lost.', none, buttons, place.element)
}

/** Shows the codes that get() answers, and has the user say that they are kept. */
export async function showCodes({ client }, place, get = getMfaRecoveryCodes) {
  const got = await afterProof(client, () => get(client))
  if (stopped(place, got)) return
  const { recoveryCodes, count } = got.result
  if (recoveryCodes.length === 0) return place.note(`You have ${count} left. Codes that were acknowledged are never shown again; make new ones if you lost them.`)
  const answer = await codesPrompt(client, recoveryCodes)
  if (answer.kind === 'kept') place.good('Noted. From now on they are only used, never shown.')
  else await refreshUser(client) // which owes it from now on
}

// A session that has just proven a second factor may read them: so it is tried first.
async function afterProof(client, act) {
  try {
    return { outcome: 'alreadyAuthorised', result: await act() }
  } catch (error) {
    if (error.code !== 'elevated_access_token_required') throw error
    return ensure(LINK, act, client)
  }
}

function codesPrompt(client, codes) {
  return openDialog('Your recovery codes', 'codes', (body, finish) => {
    const place = outcomePlace()
    show(body,
      h('p', {}, 'Write them down or keep them in a password manager. After you confirm that, nobody can make this page show them again.'),
      h('ol', { class: 'codes' }, codes.map((code) => h('li', {}, h('code', {}, code)))),
      place.element,
      h('div', { class: 'row' },
        button('I have kept them', () => place.run(async () => {
          await acknowledgeRecoveryCodes(client)
          finish({ kind: 'kept' })
        }), { class: 'button primary', 'data-do': 'acknowledge' }),
        copyButton(codes.join('\n'), 'codes', 'Copy all')))
  })
}
