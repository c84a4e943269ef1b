// Passkeys: no code to be talked out of, and no other site can ask for them.

import { h } from '../../dom.js'
import { attempt, ensure } from '../../stepup.js'
import { makePasskey } from '../../webauthn.js'
import { namePrompt } from '../dialog.js'
import { button, outcomePlace, showStop } from '../parts.js'
import { card, factorButtons, liveList, LINK, pill, row } from './card.js'

export function passkeysCard(session, factors, prompt) {
  const place = outcomePlace()
  const list = liveList(session, factors, () => factors.passkeys.map((passkey) => row(passkey.alias ?? 'Passkey',
    [passkey.id === factors.defaultId && pill('default'), passkey.confirmed === false && pill('not confirmed')],
    factorButtons({
      session, factors, prompt, place, factor: passkey, format: 'passkey',
      rename: () => place.run(async () => {
        const answer = await namePrompt('Name this passkey', passkey.alias ?? '')
        if (answer.kind !== 'named') return
        await session.api.renamePasskey(passkey.id, answer.name)
        await factors.load()
      }),
      remove: (token) => session.api.deletePasskey(passkey.id, token),
    }))))
  return card('passkey', 'Passkeys', 'Your device signs, after your face, your finger or its PIN. The strongest way: a copied page cannot ask for it.',
    list,
    h('div', { class: 'row' }, button('Add a passkey', () => place.run(async () => {
      const outcome = await addPasskey(session, prompt)
      if (outcome.kind !== 'done') return showStop(place, outcome)
      session.accept(outcome.value)
      await factors.added()
      place.good('The passkey is on file. It signs you in, too.')
    }), { class: 'button', 'data-do': 'add-passkey' })),
    place.element)
}

// The options need only the session; the token goes with what the device made.
async function addPasskey(session, prompt) {
  const allowed = await ensure(session, LINK, prompt)
  if (allowed.kind !== 'token' && allowed.kind !== 'not-required') return allowed
  const made = await makePasskey(await session.api.passkeyCreation())
  return attempt(session, allowed.ticket, (token) => session.api.registerPasskey(made, token))
}
