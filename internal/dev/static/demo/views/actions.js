// The protected actions at the server itself: ensure() asks the check, prompts
// when it must, and the client sends the token along.

import { h } from '../dom.js'
import { deleteUser, ensure, updateUser } from '../stepup/client.js'
import { confirmPrompt } from './dialog.js'
import { button, field, form, outcomePlace, stopped } from './parts.js'

export function actionCards(session) {
  return [profileCard(session), deleteCard(session)]
}

function card(title, scope, ...children) {
  return h('article', { class: 'card' },
    h('header', { class: 'card-head' }, h('h3', {}, title), h('code', { class: 'scope' }, scope)), ...children)
}

function profileCard({ client, user }) {
  const place = outcomePlace()
  const { row, input } = field('First name', { name: 'firstName', autocomplete: 'given-name', required: true, value: user.firstName ?? '', placeholder: 'Ada' })
  const rename = form({ class: 'inline', 'data-action': 'profile' }, () => place.run(async () => {
    const done = await ensure('user:update', () => updateUser({ userFields: { firstName: input.value.trim() } }, client), client)
    if (stopped(place, done)) return
    place.good(done.outcome === 'verified' ? 'Saved, with your proof.' : 'Saved. No new proof was asked: you hold one, or the user.update action is off here.')
  }), row, h('button', { type: 'submit', class: 'button primary' }, 'Save'))
  return card('Profile', 'user:update', h('p', {}, 'Asks for a proof only where the operator switched it on.'), rename, place.element)
}

function deleteCard({ client }) {
  const place = outcomePlace()
  return card('Delete the account', 'user:delete',
    h('p', {}, 'Cannot be undone, so it always takes a fresh single-use proof.'),
    h('div', { class: 'row' }, button('Delete my account', () => place.run(async () => {
      const answer = await confirmPrompt('Delete the account?', 'Every session ends and nothing can be brought back.', 'Delete it')
      if (answer.kind === 'confirmed') stopped(place, await ensure('user:delete', () => deleteUser(client), client))
    }), { class: 'button danger', 'data-do': 'delete' })),
    place.element)
}
