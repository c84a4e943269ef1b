// What the cards have in common: a heading, a list, rows with buttons.

import { h, show } from '../../dom.js'
import { confirmCredential, ensure, promptStepUpAuth, refreshUser, setDefaultMfaDevice, unlinkCredential } from '../../stepup/client.js'
import { FORMATS, nameOf } from '../../words.js'
import { confirmPrompt, namePrompt } from '../dialog.js'
import { icon } from '../icons.js'
import { button, stopped } from '../parts.js'

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
export function credentialList(session, place, format) {
  const { client } = session
  return liveList(session, session, () => session.user.verifiedCredentials.filter((c) => c.format === format).map((credential) => {
    const name = nameOf(credential)
    return row(name, pills(session, credential), [
      credential.confirmed === false && confirmButton(session, place, credential.id, name),
      !isKept(credential) && button('Unlink', () => place.run(async () => {
        if (stopped(place, await ensure(UNLINK, () => unlinkCredential({ verifiedCredentialId: credential.id }, client), client))) return
        session.tickets.killAll((ticket) => ticket.claims.credential_id === credential.id)
        await refreshUser(client)
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
const isKept = (credential) => credential.walletProvider === 'embeddedWallet'

function pills(session, credential) {
  return [
    credential.id === session.claims.signin_credential_id && pill('this session'),
    credential.confirmed === false && pill('not confirmed'),
    isKept(credential) ? pill('kept here') : !credential.signInEnabled && pill('no sign-in'),
  ]
}

/** What was linked with nothing counts for nothing, until an older way confirms it. */
function confirmButton({ client }, place, credentialId, name) {
  return button('Confirm', () => place.run(async () => {
    await promptStepUpAuth({ requestedScopes: [LINK] }, client) // whatever the version, this door wants a proof
    await confirmCredential({ credentialId }, client)
    await refreshUser(client)
    place.good(`${name} counts now: it may sign in and prove that it is you.`)
  }), { class: 'button small', 'data-confirm': name, 'aria-label': `Confirm ${name}` })
}

/** Buttons that every second factor has. rename(alias) and remove() do it. */
export function factorButtons({ session, factors, place, factor, format, rename, remove }) {
  const { client } = session
  const name = factor.alias ?? FORMATS[format]
  return [
    factor.confirmed === false && confirmButton(session, place, factor.id, name),
    factors.defaultId !== factor.id && button('Make default', () => place.run(async () => {
      await setDefaultMfaDevice({ deviceId: factor.id }, client)
      await factors.load()
      place.good(`${name} is asked for first from now on.`)
    }), { class: 'button small quiet', 'data-default': name }),
    button('Rename', () => place.run(async () => {
      const answer = await namePrompt(`Name ${format === 'totp' ? 'this app' : 'this passkey'}`, factor.alias ?? '')
      if (answer.kind !== 'named') return
      await rename(answer.name)
      await factors.load()
    }), { class: 'button small quiet', 'data-rename': name, 'aria-label': `Rename ${name}` }),
    button('Remove', () => place.run(async () => {
      const sure = await confirmPrompt(`Remove ${name}?`, 'It proves nothing any more, and every token that came from it dies.', 'Remove it')
      if (sure.kind !== 'confirmed' || stopped(place, await ensure(UNLINK, remove, client))) return
      session.tickets.killAll((ticket) => ticket.claims.credential_id === factor.id)
      await Promise.all([factors.load(), refreshUser(client)])
      place.good(`${name} is removed.`)
    }), { class: 'button small quiet', 'data-remove': name, 'aria-label': `Remove ${name}` }),
  ]
}
