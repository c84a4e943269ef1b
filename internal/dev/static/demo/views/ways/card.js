// What the cards have in common: a heading, a list, rows with buttons.

import { h, show } from '../../dom.js'
import { attempt, guarded, insist } from '../../stepup.js'
import { FORMATS, nameOf } from '../../words.js'
import { confirmPrompt } from '../dialog.js'
import { icon } from '../icons.js'
import { button, showStop } from '../parts.js'

export const LINK = 'credential:link'
export const UNLINK = 'credential:unlink'

export function card(format, title, text, ...children) {
  return h('article', { class: 'card way-card', 'data-card': format },
    h('header', { class: 'card-head' }, h('h3', {}, icon(format), title)), h('p', { class: 'hint' }, text), ...children)
}

/** A list of rows that follows the events of source. rows() makes them. */
export function liveList(session, source, rows) {
  const list = h('ul', { class: 'credentials' })
  const draw = () => {
    if (!session.isSignedIn) return
    list.hidden = show(list, rows()).childElementCount === 0
  }
  source.addEventListener('change', draw)
  draw()
  return list
}

/** The user's credentials of one format as rows. */
export function credentialList(session, prompt, place, format) {
  return liveList(session, session, () => session.user.verifiedCredentials.filter((c) => c.format === format).map((credential) => {
    const name = nameOf(credential)
    return row(name, pills(session, credential), [
      credential.confirmed === false && confirmButton(session, prompt, place, credential.id, name),
      !isKept(credential) && button('Unlink', () => place.run(async () => {
        const outcome = await guarded(session, UNLINK, prompt, (token) => session.api.unlink(credential.id, token))
        if (outcome.kind !== 'done') return showStop(place, outcome)
        session.tokens.killAll((ticket) => ticket.claims.credential_id === credential.id)
        session.accept({ ...outcome.value, user: outcome.value.user ?? await session.api.user() })
        place.good(`Unlinked ${name}.`)
      }), { class: 'button small quiet', 'data-unlink': name, 'aria-label': `Unlink ${name}` }),
    ])
  }))
}

export function row(name, marks, buttons) {
  return h('li', {}, h('span', { class: 'name' }, name, marks), h('span', { class: 'row-buttons' }, buttons))
}

export const pill = (text) => h('span', { class: 'pill' }, text)

// An embedded wallet is on file as a credential, vouches for nothing, and stays as long as the wallet does.
const isKept = (credential) => credential.wallet_provider === 'embeddedWallet'

function pills(session, credential) {
  return [
    credential.id === session.claims.signin_credential_id && pill('this session'),
    credential.confirmed === false && pill('not confirmed'),
    isKept(credential) ? pill('kept here') : !credential.signInEnabled && pill('no sign-in'),
  ]
}

/** What was linked with nothing counts for nothing, until an older way confirms it. */
export function confirmButton(session, prompt, place, id, name) {
  return button('Confirm', () => place.run(async () => {
    const allowed = await insist(session, LINK, prompt)
    if (allowed.kind !== 'token') return showStop(place, allowed)
    const outcome = await attempt(session, allowed.ticket, (token) => session.api.confirm(id, token))
    if (outcome.kind !== 'done') return showStop(place, outcome)
    session.accept(outcome.value)
    place.good(`${name} counts now: it may sign in and prove that it is you.`)
  }), { class: 'button small', 'data-confirm': name, 'aria-label': `Confirm ${name}` })
}

/** Buttons that every second factor has. */
export function factorButtons({ session, factors, prompt, place, factor, format, rename, remove }) {
  const name = factor.alias ?? FORMATS[format]
  return [
    factor.confirmed === false && confirmButton(session, prompt, place, factor.id, name),
    factors.defaultId !== factor.id && button('Make default', () => place.run(async () => {
      await session.api.changeFactor(factor.id, { default: true })
      await factors.load()
      place.good(`${name} is asked for first from now on.`)
    }), { class: 'button small quiet', 'data-default': name }),
    button('Rename', rename, { class: 'button small quiet', 'data-rename': name, 'aria-label': `Rename ${name}` }),
    button('Remove', () => place.run(async () => {
      const sure = await confirmPrompt(`Remove ${name}?`, 'It proves nothing any more, and every token that came from it dies.', 'Remove it')
      if (sure.kind !== 'confirmed') return
      const outcome = await guarded(session, UNLINK, prompt, remove)
      if (outcome.kind !== 'done') return showStop(place, outcome)
      session.tokens.killAll((ticket) => ticket.claims.credential_id === factor.id)
      await Promise.all([factors.load(), session.reload()])
      place.good(`${name} is removed.`)
    }), { class: 'button small quiet', 'data-remove': name, 'aria-label': `Remove ${name}` }),
  ]
}
