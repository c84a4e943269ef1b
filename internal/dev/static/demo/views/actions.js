// The protected actions at the server itself. Each asks the check first,
// prompts when it must, and then acts with the token in the header.

import { h, show } from '../dom.js'
import { sendCode } from '../sentcode.js'
import { attempt, ensure, guarded } from '../stepup.js'
import { confirmPrompt, newAddressPrompt } from './dialog.js'
import { button, field, form, outcomePlace, showStop } from './parts.js'

export function actionCards(session, prompt) {
  return [emailsCard(session, prompt), profileCard(session, prompt), deleteCard(session, prompt)]
}

function card(title, scope, ...children) {
  return h('article', { class: 'card' },
    h('header', { class: 'card-head' }, h('h3', {}, title), h('code', { class: 'scope' }, scope)), ...children)
}

function emailsCard(session, prompt) {
  const place = outcomePlace()
  const list = h('ul', { class: 'credentials' })
  const draw = () => session.isSignedIn && show(list, session.user.verifiedCredentials
    .filter((c) => c.format === 'email').map((c) => emailRow(session, prompt, place, c)))
  session.addEventListener('change', draw)
  draw()

  const { row, input } = field('Another email address', { type: 'email', name: 'link', required: true, autocomplete: 'off', placeholder: 'ada@work.example' })
  const link = form({ class: 'inline', 'data-action': 'link' }, async () => {
    place.clear()
    const outcome = await linkEmail(session, prompt, input.value.trim())
    if (outcome.kind !== 'done') return showStop(place, outcome)
    place.good(`Linked ${input.value.trim()}. You can sign in with it now.`)
    input.value = ''
  }, row, h('button', { type: 'submit', class: 'button primary' }, 'Link'))

  return card('Email addresses', 'credential:link',
    h('p', {}, 'A thief with your session must not add an address of their own. Linking and unlinking share the rule: time-bound, ten minutes.'),
    list, link, place.element)
}

function emailRow(session, prompt, place, credential) {
  return h('li', {}, h('span', {}, credential.email ?? credential.public_identifier),
    button('Unlink', async () => {
      place.clear()
      const outcome = await guarded(session, 'credential:unlink', prompt, (token) => session.api.unlink(credential.id, token))
      if (outcome.kind !== 'done') return showStop(place, outcome)
      session.accept({ ...outcome.value, user: outcome.value.user ?? await session.api.user() })
      place.good(`Unlinked ${credential.email}.`)
    }, { class: 'button small quiet', 'data-unlink': credential.email }))
}

// Step up first, then prove the new address: a wrong code for it is asked
// again in the dialog and costs nothing of the token.
async function linkEmail(session, prompt, address) {
  const allowed = await ensure(session, 'credential:link', prompt)
  if (allowed.kind !== 'token' && allowed.kind !== 'not-required') return allowed
  const sent = await attempt(session, null, () => sendCode(session.api, address))
  if (sent.kind !== 'done') return sent
  return newAddressPrompt(sent.value, async (verification, digits) => {
    const outcome = await attempt(session, allowed.ticket, (token) => session.api.verifyCode(verification, digits, { elevated: token }))
    if (outcome.kind === 'done') session.accept(outcome.value)
    else if (!outcome.refusal.isAboutToken) throw outcome.refusal
    return outcome
  })
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
