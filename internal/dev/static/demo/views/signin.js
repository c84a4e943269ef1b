// The first screen: what this is, which environment, and every way to sign in.

import { h, show, svg } from '../dom.js'
import { SentCode } from '../inbox.js'
import { sendEmailOTP, sendSmsOTP, signInWithPasskey, signInWithSocialRedirect, verifyOTP, verifyWalletAccount } from '../stepup/client.js'
import { codeForm } from './code.js'
import { icon } from './icons.js'
import { button, field, form, outcomePlace } from './parts.js'
import { connectWallet } from './ways/wallets.js'

/** notice: a word to greet with; refused: why the login elsewhere did not sign in. */
export function signInView(session, { notice, refused, onSignedIn }) {
  const card = h('section', { class: 'card signin', 'aria-labelledby': 'signin-title' })
  askForAddress(session, card, { notice, refused, onSignedIn })
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

// Which address the form asks for. The rest follows from it.
const SENT = {
  email: {
    label: 'Email address', button: 'Email me a code', title: 'Check your mail', other: 'Another address',
    input: { type: 'email', name: 'email', autocomplete: 'email', placeholder: 'ada@example.com' }, clean: (text) => text.trim(),
    send: (email, client) => sendEmailOTP({ email }, client),
    hint: 'Any address works. Nothing leaves this machine: codes land in the development inbox.',
  },
  sms: {
    label: 'Phone number, with country code', button: 'Text me a code', title: 'Check your phone', other: 'Another number',
    input: { type: 'tel', name: 'phone', autocomplete: 'tel', placeholder: '+1 415 555 2671', pattern: '\\+[0-9 ]{7,20}', title: 'A number that begins with + and the country code' },
    clean: (text) => text.replace(/[^+0-9]/g, ''),
    send: (phoneNumber, client) => sendSmsOTP({ phoneNumber }, client),
    hint: 'Any number that could exist works. Nothing leaves this machine.',
  },
}

function askForAddress(session, card, { kind = 'email', notice = '', refused, onSignedIn }) {
  const sent = SENT[kind]
  const { row, input } = field(sent.label, { required: true, ...sent.input }, sent.hint)
  const place = outcomePlace()
  if (notice) place.note(notice)
  if (refused) place.run(() => { throw refused })
  const others = h('div', { class: 'others' })
  const offerOthers = () => session.offers().then(
    (offers) => show(others, otherWays({ session, card, kind, place, onSignedIn, offers })),
    (error) => place.run(() => { throw error }))
  const ask = form({ class: 'stack' }, () => place.run(async () => {
    const to = sent.clean(input.value)
    askForCode(session, card, kind, await new SentCode(kind, to, () => sent.send(to, session.client)).sendAgain(), onSignedIn)
  }),
  h('h2', { id: 'signin-title' }, 'Sign in'),
  environmentChoice(session, offerOthers),
  row,
  place.element,
  h('div', { class: 'row' },
    h('button', { type: 'submit', class: 'button primary' }, sent.button),
    h('a', { class: 'button quiet', href: '/dev/inbox', target: 'stepup-inbox' }, 'Open the inbox')))
  show(card, ask, h('p', { class: 'divider' }, h('span', {}, 'or')), others)
  offerOthers()
}

function environmentChoice(session, onChange) {
  return h('fieldset', { class: 'choices' },
    h('legend', {}, 'Environment'),
    session.config.environments.map((environment) => {
      const enforced = environment.minApiVersion === '2026_04_01'
      return h('label', { class: 'choice' },
        h('input', {
          type: 'radio', name: 'environment', value: environment.id, checked: environment.id === session.environment.id, required: true,
          onchange: () => { session.choose(environment.id); onChange() },
        }),
        h('span', {}, environment.name,
          h('small', {}, enforced ? 'Step-up is enforced' : 'Legacy: step-up is optional')),
        !environment.name.includes(environment.minApiVersion) && h('code', {}, environment.minApiVersion))
    }))
}

function otherWays({ session, card, kind, place, onSignedIn, offers }) {
  const way = (format, label, run) => h('li', {}, button([icon(format), label], () => place.run(run), { class: 'button other', 'data-signin': format }))
  const { client } = session
  const askFor = (other) => () => askForAddress(session, card, { kind: other, onSignedIn })
  return h('ul', {}, [
    kind !== 'email' && way('email', 'Email code', askFor('email')),
    offers.passkey && way('passkey', 'Passkey', async () => {
      await signInWithPasskey({}, client)
      onSignedIn()
    }),
    offers.sms && kind !== 'sms' && way('phoneNumber', 'Text message', askFor('sms')),
    (offers.evm || offers.solana) && way('blockchain', 'Wallet', async () => {
      const walletAccount = await connectWallet(offers, place)
      if (!walletAccount) return
      await verifyWalletAccount({ walletAccount }, client)
      onSignedIn()
    }),
    offers.socials.map((offer) => way('oauth', offer.name ?? offer.provider, () =>
      signInWithSocialRedirect({ provider: offer.provider, redirectUrl: `${location.origin}/demo/` }, client))),
  ])
}

function askForCode(session, card, kind, sent, onSignedIn) {
  const code = codeForm({
    sent, label: 'Sign in',
    submit: async (digits) => {
      await verifyOTP({ verificationToken: digits, otpVerification: sent.verification }, session.client)
      onSignedIn()
    },
    extra: h('button', { type: 'button', class: 'button quiet', onclick: () => askForAddress(session, card, { kind, onSignedIn }) }, SENT[kind].other),
  })
  show(card, h('h2', { id: 'signin-title' }, SENT[kind].title), code.element)
  code.focus()
}
