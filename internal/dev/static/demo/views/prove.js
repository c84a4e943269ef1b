// The prompt: the component of the SDK in a dialog of this page, beside what a
// developer has at hand instead of a mailbox and a phone.

import { h, show } from '../dom.js'
import { SentCode } from '../inbox.js'
import { clientEndpoints, defineStepUpPrompt, StepUpPromptElement } from '../stepup/client.js'
import { peek, playedApp } from './code.js'
import { intentFacts } from './intent.js'
import { SCOPES } from '../words.js'

defineStepUpPrompt()

/** What the client asks the user with: resolves once it is proven, rejects when the user closes it. */
export function stepUpPrompt(session, request) {
  return ask('stepup', session, request, { about: request.binding && intentFacts(request.binding) })
}

/** Asks for a second factor for the session itself, which opens no door but its own. */
export function settlePrompt(session, check) {
  const request = { client: session.client, requestedScopes: [], check, signal: new AbortController().signal }
  return ask('settle', session, request, { texts: { protectedAction: 'Go on with this session' } })
}

async function ask(name, session, request, { about, texts }) {
  const element = new StepUpPromptElement()
  const aside = h('div', {})
  const dialog = h('dialog', { class: 'dialog prompt', 'data-dialog': name, 'aria-label': 'Prove it is you' }, element, about, aside)
  element.setAttribute('mode', 'inline')
  element.texts = { ...texts, scopes: SCOPES }
  element.endpoints = observed(clientEndpoints({ request }), session, (sent) => show(aside, peek(sent, type)))
  dialog.addEventListener('cancel', (event) => { event.preventDefault(); element.close() })
  document.getElementById('dialogs').append(dialog)
  dialog.showModal()

  // Types a code for the user, who still has to send it.
  const type = (code) => {
    const input = element.shadowRoot.querySelector('input')
    input.value = code
    input.dispatchEvent(new Event('input', { bubbles: true }))
    input.focus()
  }
  // Where a code of an app is asked for, an app that this page plays shows one.
  const [app] = session.apps.values()
  const screens = new MutationObserver(() => {
    const asked = element.shadowRoot.querySelector('.screen-totp') !== null
    if (app && asked && !aside.hasChildNodes()) show(aside, playedApp(app, type))
    else if (!asked && element.shadowRoot.querySelector('.screen-code') === null) show(aside)
  })
  screens.observe(element.shadowRoot, { childList: true, subtree: true })
  try {
    await element.ask({ signal: request.signal })
  } finally {
    screens.disconnect()
    dialog.close()
    dialog.remove()
  }
}

/** The same endpoints, which tell of each code that they send. */
function observed(endpoints, { user }, sending) {
  return {
    ...endpoints,
    async sendCode(what) {
      const { email, phoneNumber, phoneCountryCode = '' } = user.verifiedCredentials.find(({ id }) => id === what.credentialId)
      const sent = await new SentCode(email ? 'email' : 'sms', email ?? phoneCountryCode + phoneNumber, () => endpoints.sendCode(what)).sendAgain()
      sending(sent)
      return sent.verification
    },
  }
}
