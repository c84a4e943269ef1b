// Passkeys: no code to be talked out of, and no other site can ask for them.

import { h } from '../../dom.js'
import { deletePasskey, ensure, registerPasskey, renamePasskey } from '../../stepup/client.js'
import { button, outcomePlace, stopped } from '../parts.js'
import { card, factorButtons, liveList, LINK, pill, row } from './card.js'

export function passkeysCard(session, factors) {
  const { client } = session
  const place = outcomePlace()
  const list = liveList(session, factors, () => factors.passkeys.map((passkey) => row(passkey.alias ?? 'Passkey',
    [passkey.id === factors.defaultId && pill('default'), passkey.confirmed === false && pill('not confirmed')],
    factorButtons({
      session, factors, place, factor: passkey, format: 'passkey',
      rename: (alias) => renamePasskey({ passkeyId: passkey.id, alias }, client),
      remove: () => deletePasskey({ passkeyId: passkey.id }, client),
    }))))
  return card('passkey', 'Passkeys', 'Your device signs, after your face, your finger or its PIN. The strongest way: a copied page cannot ask for it.',
    list,
    h('div', { class: 'row' }, button('Add a passkey', () => place.run(async () => {
      if (stopped(place, await ensure(LINK, () => registerPasskey({}, client), client))) return
      await factors.added()
      place.good('The passkey is on file. It signs you in, too.')
    }), { class: 'button', 'data-do': 'add-passkey' })),
    place.element)
}
