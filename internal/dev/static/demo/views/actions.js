// The protected actions at the server itself. Each asks the check first,
// prompts when it must, and then acts with the token in the header.

import { h } from '../dom.js'
import { guarded } from '../stepup.js'
import { confirmPrompt } from './dialog.js'
import { button, field, form, outcomePlace, showStop } from './parts.js'

export function actionCards(session, prompt) {
  return [profileCard(session, prompt), deleteCard(session, prompt)]
}

function card(title, scope, ...children) {
  return h('article', { class: 'card' },
    h('header', { class: 'card-head' }, h('h3', {}, title), h('code', { class: 'scope' }, scope)), ...children)
}

function profileCard(session, prompt) {
  const place = outcomePlace()
  const { row, input } = field('First name', { name: 'firstName', autocomplete: 'given-name', required: true, value: session.user.firstName ?? '', placeholder: 'Ada' })
  const rename = form({ class: 'inline', 'data-action': 'profile' }, async () => {
    place.clear()
    const outcome = await guarded(session, 'user:update', prompt, (token) => session.api.updateUser({ firstName: input.value.trim() }, token))
    if (outcome.kind !== 'done') return showStop(place, outcome)
    session.accept(outcome.value)
    place.good(outcome.ticket ? 'Saved, with your proof.' : 'Saved. No proof was asked: the user.update action is off here.')
  }, row, h('button', { type: 'submit', class: 'button primary' }, 'Save'))
  return card('Profile', 'user:update', h('p', {}, 'Asks for a proof only where the operator switched it on.'), rename, place.element)
}

function deleteCard(session, prompt) {
  const place = outcomePlace()
  return card('Delete the account', 'user:delete',
    h('p', {}, 'Cannot be undone, so it always takes a fresh single-use proof.'),
    h('div', { class: 'row' }, button('Delete my account', async () => {
      place.clear()
      const answer = await confirmPrompt('Delete the account?', 'Every session ends and nothing can be brought back.', 'Delete it')
      if (answer.kind !== 'confirmed') return
      const outcome = await guarded(session, 'user:delete', prompt, (token) => session.api.deleteUser(token))
      if (outcome.kind !== 'done') return showStop(place, outcome)
      await session.end({ revoke: false, notice: 'The account is deleted.' })
    }, { class: 'button danger', 'data-do': 'delete' })),
    place.element)
}
