// Moving an environment from action-based MFA to step-up: the old token beside
// the new one, what shadow mode saw, and the switch.

import { h, show } from '../dom.js'
import { authenticateTotpMfaDevice, fetchProjectSettings, updateUser } from '../stepup/client.js'
import { Operator, smuggle } from '../raw.js'
import { codeForm } from './code.js'
import { confirmPrompt } from './dialog.js'
import { button, outcomePlace } from './parts.js'

const NEWEST = '2026_04_01'
const LEGACY = '2026_01_01'

export function migrationView(session, factors) {
  return h('section', { class: 'area-migration', 'aria-labelledby': 'migration-title' },
    h('h2', { id: 'migration-title' }, 'Moving to step-up'),
    h('div', { class: 'cards' }, mfaTokenCard(session, factors), switchCard(session)))
}

// What an app on action-based MFA does: a second factor earns a token that opens
// whatever is on.
function mfaTokenCard(session, factors) {
  const { client } = session
  const place = outcomePlace()
  const body = h('div', { class: 'stack' })
  const once = h('input', { type: 'checkbox', name: 'singleUse', checked: true })
  let token = ''
  const spend = () => h('div', { class: 'row' }, button('Save the profile with it', () => place.run(async () => {
    const userFields = { alias: 'demo' }
    // The client sends it along and, once it is spent, forgets it. To see what becomes of a spent one, this page sends it by itself.
    if (client.mfaToken === token) await updateUser({ userFields }, client)
    else await smuggle(session, 'PUT', '/users', { body: userFields, mfaToken: token })
    place.good('Saved. The token went in the header x-mfa-auth-token.')
  }), { class: 'button', 'data-do': 'mfa-use' }), h('code', {}, `${token.slice(0, 8)}…`))
  const draw = () => {
    const app = factors.apps[0]
    const earn = app && codeForm({
      app: session.apps.get(app.id), label: 'Get an MFA token', intro: 'Type a code of your authenticator app.',
      submit: async (digits) => {
        const answer = await authenticateTotpMfaDevice({ code: digits, deviceId: app.id, createMfaToken: { singleUse: once.checked } }, client)
        token = answer.mfaToken ?? ''
        place.good('An MFA token: good for any action that is on.')
        show(spending, spend())
      },
    })
    show(body, earn ? [h('label', { class: 'check' }, once, 'Good for a single use'), earn.element]
      : h('p', { class: 'note' }, 'Add an authenticator app below first: only a second factor earns an MFA token.'))
  }
  const spending = h('div', {})
  factors.addEventListener('change', draw)
  draw()
  return card('mfa-token', 'Action-based MFA', 'x-mfa-auth-token', h('p', {}, 'The system that step-up replaces: no scope, and no end but that of the session.'), body, spending, place.element)
}

function switchCard(session) {
  const operator = new Operator(session)
  const place = outcomePlace()
  const body = h('div', { class: 'stack' })
  const look = async () => draw(await operator.readiness())
  const accept = (version, strict, question) => place.run(async () => {
    const answer = await confirmPrompt(...question, 'Leave it')
    if (answer.kind !== 'confirmed') return
    const accepted = await operator.acceptVersion(version, strict)
    place.good(`${accepted.minApiVersion} holds for the very next request.`,
      accepted.turnedOn.length > 0 && ` Turned on for clients seen lately: ${accepted.turnedOn.join(', ')}.`,
      ' In its document write ', accepted.lines.map((line) => [h('code', { 'data-line': '' }, line), ' ']))
    await fetchProjectSettings(session.client) // which say the version too
    await look()
  })
  const draw = (report) => {
    session.environment.minApiVersion = report.minApiVersion
    const isNew = report.minApiVersion === NEWEST
    show(body,
      h('p', { class: 'verdict', 'data-version': report.minApiVersion }, report.verdict),
      h('dl', { class: 'facts tally' }, [['would pass', report.calls.pass], ['would ask', report.calls.prompt], ['would be refused', report.calls.refuse]]
        .map(([name, value]) => h('div', {}, h('dt', {}, name), h('dd', {}, value)))),
      report.refusals.length > 0 && h('ul', { class: 'list' }, report.refusals.slice(0, 5).map((r) =>
        h('li', {}, h('strong', {}, r.count, '× ', r.call), ' ', h('code', {}, r.client), r.minimum && ` – needs ${r.minimum}`))),
      report.withoutMethod.length > 0 && h('p', { class: 'hint' }, `${report.withoutMethod[0].users} user(s) have no method for ${report.withoutMethod[0].scope}.`),
      h('div', { class: 'row' },
        !isNew && button(`Accept ${NEWEST}`, () => accept(NEWEST, false, [`Accept ${NEWEST}?`,
          report.wouldTurnOn.length > 0 ? `This turns on, for clients seen lately: ${report.wouldTurnOn.join(', ')}.` : 'No compatibility entry is needed.', 'Accept']), { class: 'button primary', 'data-do': 'accept' }),
        !isNew && button('Strictly', () => accept(NEWEST, true, [`Accept ${NEWEST} strictly?`, 'Every call needs its token, whatever its client can do.', 'Accept']), { class: 'button', 'data-do': 'accept-strict' }),
        isNew && button(`Go back to ${LEGACY}`, () => accept(LEGACY, false, [`Go back to ${LEGACY}?`, 'The rules of the older version hold again.', 'Go back']), { class: 'button', 'data-do': 'go-back' }),
        button('Look again', () => place.run(look), { class: 'button quiet', 'data-do': 'look' })))
  }
  place.run(look)
  return card('readiness', 'Readiness', 'operator', h('p', {}, 'What the newest rules make of the calls seen so far. In production: ', h('code', {}, 'stepup readiness'), ' and ', h('code', {}, 'stepup env accept'), '.'), body, place.element)
}

function card(name, title, scope, ...children) {
  return h('article', { class: 'card', 'data-migration': name },
    h('header', { class: 'card-head' }, h('h3', {}, title), h('code', { class: 'scope' }, scope)), ...children)
}
