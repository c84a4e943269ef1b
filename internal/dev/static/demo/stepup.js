// Step-up in front of an action. The flow knows nothing of dialogs: prompt is
// handed in and answers with one of the outcomes below.
//
//   {kind: 'not-required'}            go ahead without a token
//   {kind: 'token', ticket}           go ahead with this one
//   {kind: 'no-method', scope}        required, and the user has no way to prove it
//   {kind: 'cancelled'}               the user closed the prompt
//   {kind: 'failed', refusal}         the check itself was refused

import { Refusal } from './api.js'

/** Makes sure that an action needing scope may be tried. Asks the user only when it must. */
export async function ensure(session, scope, prompt) {
  const banked = session.tokens.find(scope)
  if (banked) return { kind: 'token', ticket: banked }
  try {
    const check = await session.api.checkStepUp(scope)
    if (!check.isRequired) return { kind: 'not-required' }
    if (check.credentials.length === 0) return { kind: 'no-method', scope }
    return await prompt(scope, check)
  } catch (refusal) {
    if (refusal instanceof Refusal) return { kind: 'failed', refusal }
    throw refusal
  }
}

/**
 * Runs act(token) after a step-up. Resolves to {kind: 'done', value, ticket},
 * {kind: 'failed', refusal, ticket} or an outcome of ensure that stopped it.
 */
export async function guarded(session, scope, prompt, act) {
  const outcome = await ensure(session, scope, prompt)
  if (outcome.kind !== 'token' && outcome.kind !== 'not-required') return outcome
  return attempt(session, outcome.ticket, act)
}

/** Sends a ticket (or none) with act and keeps the bank in step with the answer. */
export async function attempt(session, ticket, act) {
  if (ticket) session.tokens.use(ticket)
  try {
    return { kind: 'done', value: await act(ticket?.text), ticket }
  } catch (refusal) {
    if (!(refusal instanceof Refusal)) throw refusal
    if (ticket) settle(session.tokens, ticket, refusal)
    return { kind: 'failed', refusal, ticket }
  }
}

// The server burns a token together with the action it allowed, so a refusal
// for another reason left it whole. A guard elsewhere may burn it earlier: what
// it refused stays spent. A token that was refused as such opens nothing more.
function settle(tokens, ticket, refusal) {
  if (refusal.isAboutToken) {
    if (['expired', 'spent', 'superseded'].includes(refusal.reason)) tokens.kill(ticket, refusal.reason)
    return
  }
  if (refusal.own && refusal.status >= 400 && refusal.status < 500) tokens.giveBack(ticket)
}
