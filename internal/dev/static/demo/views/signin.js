// The first screen: what this is, which environment, sign in by email code.

import { h, show, svg } from '../dom.js'
import { Refusal } from '../api.js'
import { sendCode } from '../sentcode.js'
import { codeForm } from './code.js'
import { field, form, outcomePlace } from './parts.js'

export function signInView(session, { notice, onSignedIn }) {
  const card = h('section', { class: 'card signin', 'aria-labelledby': 'signin-title' })
  askForAddress(session, card, notice, onSignedIn)
  return h('div', { class: 'welcome' }, hero(), card)
}

function hero() {
  return h('section', { class: 'hero' },
    h('p', { class: 'eyebrow' }, 'Step-up authentication'),
    h('h1', {}, 'A session is not a person.'),
    h('p', { class: 'lead' }, 'Right before the action that matters, prove it is you. The proof becomes a short-lived pass for that one thing.'),
    staircase())
}

function staircase() {
  const step = (x, y, number, label, gold) => [
    svg('rect', { x, y, width: 118, height: 190 - y, rx: 10, class: gold ? 'step gold' : 'step' }),
    svg('text', { x: x + 16, y: y + 33, class: gold ? 'step-number on-gold' : 'step-number' }, number),
    svg('text', { x: x + 16, y: y + 54, class: gold ? 'step-label on-gold' : 'step-label' }, label),
  ]
  return svg('svg', { class: 'staircase', viewBox: '0 0 378 190', role: 'img', 'aria-label': 'Three steps: sign in, prove it is you, act once' },
    step(0, 118, '1', 'Sign in'), step(130, 68, '2', 'Prove it is you'), step(260, 18, '3', 'Act, once', true))
}

function askForAddress(session, card, notice, onSignedIn) {
  const { row, input } = field('Email address', {
    type: 'email', name: 'email', required: true, autocomplete: 'email', placeholder: 'ada@example.com', value: session.user?.email ?? '',
  }, 'Any address works. Nothing leaves this machine: codes land in the development inbox.')
  const place = outcomePlace()
  if (notice) place.note(notice)
  const ask = form({ class: 'stack' }, async () => {
    session.choose(new FormData(ask).get('environment'))
    try {
      askForCode(session, card, await sendCode(session.api, input.value.trim()), onSignedIn)
    } catch (refusal) {
      if (!(refusal instanceof Refusal)) throw refusal
      place.refused(refusal)
    }
  },
  h('h2', { id: 'signin-title' }, 'Sign in'),
  environmentChoice(session),
  row,
  place.element,
  h('div', { class: 'row' },
    h('button', { type: 'submit', class: 'button primary' }, 'Email me a code'),
    h('a', { class: 'button quiet', href: '/dev/inbox', target: 'stepup-inbox' }, 'Open the inbox')))
  show(card, ask)
}

function environmentChoice(session) {
  return h('fieldset', { class: 'choices' },
    h('legend', {}, 'Environment'),
    session.config.environments.map((environment) => {
      const enforced = environment.minApiVersion === '2026_04_01'
      return h('label', { class: 'choice' },
        h('input', { type: 'radio', name: 'environment', value: environment.id, checked: environment.id === session.environment.id, required: true }),
        h('span', {}, environment.name,
          h('small', {}, enforced ? 'Step-up is enforced' : 'Legacy: step-up is optional')),
        !environment.name.includes(environment.minApiVersion) && h('code', {}, environment.minApiVersion))
    }))
}

function askForCode(session, card, sent, onSignedIn) {
  const code = codeForm(sent, {
    label: 'Sign in',
    submit: async (verification, digits) => {
      session.accept(await session.api.signIn(verification, digits))
      onSignedIn()
    },
    extra: h('button', { type: 'button', class: 'button quiet', onclick: () => askForAddress(session, card, '', onSignedIn) }, 'Another address'),
  })
  show(card, h('h2', { id: 'signin-title' }, 'Check your mail'), code.element)
  code.focus()
}
