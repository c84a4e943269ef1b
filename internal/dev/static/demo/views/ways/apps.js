// Authenticator apps: a secret shown once, as a picture and as text, and a first
// code that shows it arrived.

import { h, show } from '../../dom.js'
import { authenticateTotpMfaDevice, deleteMfaDevice, ensure, registerTotpMfaDevice, renameMfaDevice } from '../../stepup/client.js'
import { codeForm } from '../code.js'
import { qrCode } from '../qr.js'
import { openDialog } from '../dialog.js'
import { button, copyButton, outcomePlace, stopped } from '../parts.js'
import { card, factorButtons, liveList, LINK, pill, row } from './card.js'

export function appsCard(session, factors) {
  const { client } = session
  const place = outcomePlace()
  const list = liveList(session, factors, () => factors.apps.map((app) => row(app.alias ?? 'Authenticator app',
    [app.id === factors.defaultId && pill('default'), app.confirmed === false && pill('not confirmed'), session.apps.has(app.id) && pill('played by this page')],
    factorButtons({
      session, factors, place, factor: app, format: 'totp',
      rename: (alias) => renameMfaDevice({ deviceId: app.id, alias }, client),
      remove: () => deleteMfaDevice({ deviceId: app.id }, client),
    }))))
  return card('totp', 'Authenticator apps', 'An app on your phone shows a new code every half minute. Once you have one, mail and text messages open nothing any more.',
    list,
    h('div', { class: 'row' }, button('Add an app', () => place.run(async () => {
      const begun = await ensure(LINK, () => registerTotpMfaDevice(client), client)
      if (stopped(place, begun)) return
      const answer = await enrolPrompt(session, begun.result)
      if (answer.kind !== 'enrolled') return place.note('Cancelled. No app was added.')
      await factors.added()
      place.good('The app is your second factor now.')
    }), { class: 'button', 'data-do': 'add-app' })),
    place.element)
}

function enrolPrompt(session, { id, secret, uri }) {
  return openDialog('Add an authenticator app', 'enrol-app', (body, finish) => {
    const app = { secret, usedStep: 0 }
    const code = codeForm({
      app, label: 'Confirm', intro: 'Then type the code that the app shows.',
      submit: async (digits) => {
        await authenticateTotpMfaDevice({ code: digits, deviceId: id }, session.client)
        session.apps.set(id, app)
        finish({ kind: 'enrolled' })
      },
    })
    show(body,
      h('p', {}, 'Scan this with the app, or type the secret into it. Both are shown once.'),
      h('div', { class: 'enrol' },
        qrCode(uri, 'QR code with the secret below'),
        h('div', { class: 'secret' }, h('code', {}, secret.match(/.{1,4}/g).join(' ')), copyButton(secret, 'secret'))),
      code.element)
    code.focus()
  })
}
