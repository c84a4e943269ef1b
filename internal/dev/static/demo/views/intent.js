// What an operation will do, in the server's words, and the proof for just that.

import { h, show } from '../dom.js'
import { checkStepUpAuth, ensure } from '../stepup/client.js'
import { openDialog } from './dialog.js'
import { button } from './parts.js'

const intents = new Map() // those that are being confirmed, by binding id

/** What the server says beside the summary of a transaction that is being confirmed. */
export function intentFacts({ bindingId }) {
  const { lines = [], unvalued, reason } = intents.get(bindingId) ?? {}
  return (lines.length > 0 || unvalued) && facts({ lines, unvalued, reason })
}

/**
 * Runs act() with a proof that is bound to the intent: the prompt shows what it will do. Where no proof is asked, a dialog
 * shows it. Answers as ensure() does.
 */
export async function ensureIntent(client, intent, act) {
  const { scope, binding } = intent
  const { isRequired, reason } = await checkStepUpAuth({ scope }, client)
  if (isRequired || reason === 'held') {
    intents.set(binding.bindingId, intent)
    return ensure({ scope, binding }, act, client).finally(() => intents.delete(binding.bindingId))
  }
  const answer = await intentPrompt(intent)
  if (answer.kind === 'confirmed') return ensure(scope, act, client)
  return { outcome: 'cancelled', error: { code: 'step_up_cancelled' } }
}

/** Resolves to {kind: 'confirmed'} or cancelled. */
function intentPrompt(intent) {
  return openDialog('Is this what you want?', 'intent', (body, finish) => {
    show(body, facts(intent), h('div', { class: 'row' }, button('Go on', () => finish({ kind: 'confirmed' }), { class: 'button primary' })))
  })
}

function facts({ summary, lines = [], unvalued, reason }) {
  return h('div', { class: 'intent' },
    summary && h('p', { class: 'intent-summary' }, summary),
    unvalued && h('p', { class: 'bad' }, `What this may cost cannot be told${reason ? `: ${reason}` : ''}.`),
    lines.length > 0 && h('dl', { class: 'facts' }, lines.map(({ label, value }) => h('div', {}, h('dt', {}, label), h('dd', {}, value)))))
}
