// One form per way to prove it. Each gets the session, the option, the scopes
// asked for (none: only the session is to be settled), and hands the server's
// answer to accept.

import { h, show } from '../dom.js'
import { Hitch } from '../api.js'
import { sendCode } from '../sentcode.js'
import { loginInWindow } from '../social.js'
import { usePasskey } from '../webauthn.js'
import { findWallets, signWith } from '../wallets.js'
import { codeForm } from './code.js'
import { form, outcomePlace } from './parts.js'

export const provers = {
  email: (context) => sentCodeProver(context, 'email', context.option.own.email ?? context.option.alias, 'Email me a code'),
  phoneNumber: (context) => sentCodeProver(context, 'sms', context.option.own.public_identifier ?? context.option.alias, 'Text me a code'),
  totp: appProver,
  recoveryCode: recoveryProver,
  passkey: passkeyProver,
  blockchain: walletProver,
  oauth: socialProver,
}

// What is asked for, and the one transaction that it is for.
const asking = (scopes, bindingId) => ({ ...(scopes && { requestedScopes: scopes }), ...about(bindingId) })
const about = (bindingId) => (bindingId ? { bindingId } : {})

/** A single button, for ways that ask on a screen of their own. */
function buttonProver(label, another, work, intro, more) {
  const place = outcomePlace()
  const submit = h('button', { type: 'submit', class: 'button primary' }, label)
  const element = form({ class: 'stack prove-form' }, () => place.run(work),
    intro && h('p', {}, intro), more, place.element, h('div', { class: 'row' }, submit, another))
  return { element, place, focus: () => submit.focus() }
}

function sentCodeProver({ session, scopes, bindingId, accept, another }, kind, to, label) {
  const prover = buttonProver(label, another, async () => {
    const sent = await sendCode(session.api, kind, to, asking(scopes, bindingId))
    const code = codeForm({
      sent, label: 'Prove it', extra: another,
      submit: async (digits) => accept(await session.api.verifyCode(kind, { ...sent.typed(digits), ...asking(scopes, bindingId) })),
    })
    prover.element.replaceWith(code.element)
    code.focus()
  })
  return prover
}

function appProver({ session, option, scopes, bindingId, accept, another }) {
  return codeForm({
    intro: 'Open your authenticator app and type the code it shows.', app: session.apps.get(option.id), label: 'Prove it', extra: another,
    submit: async (code) => accept(await session.api.proveApp({ id: option.id, code, ...asking(scopes, bindingId) })),
  })
}

function recoveryProver({ session, scopes, bindingId, accept, another }) {
  return codeForm({
    kind: 'recovery', intro: 'Each code works once. You get a mail when one was used.', label: 'Use this code', extra: another,
    submit: async (code) => accept(await session.api.proveRecovery({ code, ...asking(scopes, bindingId) })),
  })
}

function passkeyProver({ session, scopes, bindingId, accept, another }) {
  return buttonProver('Use a passkey', another, async () => {
    const assertion = await usePasskey(await session.api.passkeyOptions(bindingId))
    accept(await session.api.provePasskey({ ...assertion, ...asking(scopes, bindingId) }))
  }, 'Your device asks for your face, your finger or its PIN.')
}

function walletProver({ session, option, scopes, bindingId, accept, another }) {
  const choice = h('div', {})
  const wallets = []
  session.offers().then((offers) => {
    wallets.push(...findWallets(offers).filter((w) => w.chain === (option.own.chain === 'solana' ? 'SOL' : 'EVM')))
    if (wallets.length > 1) show(choice, walletChoice(wallets))
  })
  const prover = buttonProver('Sign with the wallet', another, async () => {
    const wallet = wallets[Number(new FormData(prover.element).get('wallet') ?? 0)]
    if (!wallet) throw new Hitch('This browser has no wallet for that chain.')
    accept(await session.api.proveWallet(await signWith(session.api, wallet, asking(scopes, bindingId), option.own.address ?? option.alias)))
  }, 'The wallet shows a text that names this action. Signing costs nothing and sends nothing.', choice)
  return prover
}

/** Radio buttons for the wallets found; the form's field wallet is the index. */
export function walletChoice(wallets) {
  return h('fieldset', { class: 'choices' }, h('legend', {}, 'Wallet'), wallets.map((wallet, i) =>
    h('label', { class: 'choice' }, h('input', { type: 'radio', name: 'wallet', value: i, checked: i === 0 }), h('span', {}, wallet.name), h('code', {}, wallet.chain))))
}

function socialProver({ session, option, scopes, bindingId, accept, another, signal }) {
  const name = option.own.oauth_provider ?? option.type ?? option.alias
  return buttonProver('Log in there again', another, async () => {
    const offer = (await session.offers()).socials.find((s) => s.provider === name)
    if (!offer) throw new Hitch('This login is not offered any more.')
    const login = await loginInWindow(session.api, offer, signal, about(bindingId))
    accept(await session.api.verifySocial(offer.provider, { ...login, ...asking(scopes, bindingId) }))
  }, 'A window opens at the provider. This page waits for it.')
}
