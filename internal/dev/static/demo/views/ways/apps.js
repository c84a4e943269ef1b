// Authenticator apps: a secret shown once, as a picture and as text, and a first
// code that shows it arrived.

import { h, show } from '../../dom.js'
import { guarded } from '../../stepup.js'
import { codeForm } from '../code.js'
import { namePrompt, openDialog } from '../dialog.js'
import { button, copyButton, outcomePlace, showStop } from '../parts.js'
import { card, factorButtons, liveList, LINK, pill, row } from './card.js'

export function appsCard(session, factors, prompt) {
  const place = outcomePlace()
  const list = liveList(session, factors, () => factors.apps.map((app) => row(app.alias ?? 'Authenticator app',
    [app.id === factors.defaultId && pill('default'), app.confirmed === false && pill('not confirmed'), session.apps.has(app.id) && pill('played by this page')],
    factorButtons({
      session, factors, prompt, place, factor: app, format: 'totp',
      rename: () => place.run(async () => {
        const answer = await namePrompt('Name this app', app.alias ?? '')
        if (answer.kind !== 'named') return
        await session.api.changeFactor(app.id, { alias: answer.name })
        await factors.load()
      }),
      remove: (token) => session.api.deleteApp(app.id, token),
    }))))
  return card('totp', 'Authenticator apps', 'An app on your phone shows a new code every half minute. Once you have one, mail and text messages open nothing any more.',
    list,
    h('div', { class: 'row' }, button('Add an app', () => place.run(async () => {
      const begun = await guarded(session, LINK, prompt, (token) => session.api.enrolApp(token))
      if (begun.kind !== 'done') return showStop(place, begun)
      const outcome = await enrolPrompt(session, begun.value)
      if (outcome.kind !== 'done') return showStop(place, outcome)
      await factors.added()
      place.good('The app is your second factor now.')
    }), { class: 'button', 'data-do': 'add-app' })),
    place.element)
}

function enrolPrompt(session, { id, secret, qr }) {
  return openDialog('Add an authenticator app', 'enrol-app', (body, finish) => {
    const app = { secret, usedStep: 0 }
    const code = codeForm({
      app, label: 'Confirm', intro: 'Then type the code that the app shows.',
      submit: async (digits) => {
        session.accept(await session.api.proveApp({ id, code: digits }))
        session.apps.set(id, app)
        finish({ kind: 'done' })
      },
    })
    show(body,
      h('p', {}, 'Scan this with the app, or type the secret into it. Both are shown once.'),
      h('div', { class: 'enrol' },
        h('img', { class: 'qr', src: qr, alt: 'QR code with the secret below', width: 180, height: 180 }),
        h('div', { class: 'secret' }, h('code', {}, secret.match(/.{1,4}/g).join(' ')), copyButton(secret, 'secret'))),
      code.element)
    code.focus()
  })
}
