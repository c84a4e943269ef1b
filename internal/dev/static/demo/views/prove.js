// The step-up prompt: the default way at once, the others one click away.

import { h, show } from '../dom.js'
import { noToken } from '../stepup.js'
import { scopeInWords } from '../words.js'
import { openDialog } from './dialog.js'
import { icon } from './icons.js'
import { intentView } from './keptdialogs.js'
import { provers } from './provers.js'
import { optionsOf } from './options.js'

/**
 * The prompt that ensure() calls: prove it is you in one of the ways the check lists.
 * With an intent, which has a binding, the proof is for just that.
 */
export function stepUpPrompt(session) {
  return (scope, check, intent) => openDialog('Prove it is you', 'stepup', (body, finish, signal) => {
    const options = optionsOf(session, check)
    const accept = (answer) => {
      const ticket = session.accept(answer)
      finish(ticket ? { kind: 'token', ticket } : { kind: 'failed', refusal: noToken() })
    }
    present(body, { session, scopes: [scope], bindingId: intent?.bindingId, head: [purpose(scope), intent && intentView(intent)], options, accept, signal })
  })
}

/** Asks for a second factor for the session itself, which opens no door but its own. */
export function settlePrompt(session, check) {
  return openDialog('Your second factor', 'settle', (body, finish, signal) => {
    const accept = (answer) => {
      session.accept(answer)
      finish({ kind: 'settled' })
    }
    present(body, { session, head: h('p', {}, 'This environment asks for it at every sign-in.'), options: optionsOf(session, check), accept, signal })
  })
}

function present(body, context) {
  const { options } = context
  const usable = options.filter((o) => provers[o.format])
  const choose = (option) => {
    const prover = provers[option.format]({ ...context, option, another: usable.length > 1 && anotherWay() })
    show(body, context.head, h('p', { class: 'chosen', 'data-method': option.format },
      icon(option.format), h('span', {}, h('strong', {}, option.title), option.detail && h('small', {}, option.detail))), prover.element)
    prover.focus()
  }
  const anotherWay = () => h('button', { type: 'button', class: 'button quiet', 'data-do': 'another-way', onclick: list }, 'Use another way')
  const list = () => {
    const ways = options.map((option) => way(option, usable.includes(option), () => choose(option)))
    show(body, context.head, h('ul', { class: 'ways-list', 'aria-label': 'Ways to prove it is you' }, ways.map((w) => h('li', {}, w))))
    ways.find((w) => !w.disabled)?.focus()
  }
  if (usable.length > 0) choose(usable[0])
  else list()
}

function purpose(scope) {
  return h('p', { class: 'purpose' }, h('strong', {}, scopeInWords(scope)), h('code', { class: 'scope' }, scope))
}

function way(option, usable, choose) {
  return h('button', { type: 'button', class: 'way', 'data-way': option.format, disabled: !usable, onclick: choose },
    icon(option.format),
    h('span', {}, h('strong', {}, option.title), h('small', {}, usable ? option.detail : 'Not in this demo')))
}
