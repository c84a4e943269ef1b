// Step-up in front of an action. The flow knows nothing of dialogs: prompt is
// handed in and answers with one of the outcomes below.
//
//   {kind: 'not-required'}            go ahead without a token
//   {kind: 'token', ticket}           go ahead with this one
//   {kind: 'no-method', scope}        required, and the user has no way to prove it
//   {kind: 'cooling-down', seconds}   required, and nothing opens it yet
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
    if (check.reason === 'cooling_down') return { kind: 'cooling-down', seconds: check.coolDownSeconds }
    if (check.credentials.length === 0) return { kind: 'no-method', scope }
    return await prompt(scope, check)
  } catch (refusal) {
    if (refusal instanceof Refusal) return { kind: 'failed', refusal }
    throw refusal
  }
}

/**
 * Like ensure, for a door that wants a proof though the environment asks for
 * none: the user is asked with a second factor, or with what is confirmed.
 */
export async function insist(session, scope, prompt) {
  const outcome = await ensure(session, scope, prompt)
  if (outcome.kind !== 'not-required') return outcome
  const { devices, passkeys } = await session.api.factors()
  const factors = [...devices.map((d) => ({ ...d, format: 'totp' })), ...passkeys.map((p) => ({ ...p, format: 'passkey' }))]
  const credentials = factors.length > 0 ? factors : session.user.verifiedCredentials.filter((c) => c.confirmed && c.signInEnabled)
  return prompt(scope, { credentials, defaultCredentialId: session.claims.signin_credential_id })
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

/**
 * Runs act(token) after a step-up for one intent of the server's: what it will do
 * is shown with the proof, and the token is bound to it. Where no proof is asked,
 * show(intent) asks whether to go on.
 */
export async function authorized(session, intent, prompt, show, act) {
  const outcome = await boundProof(session, intent, prompt, show)
  if (outcome.kind !== 'token' && outcome.kind !== 'not-required') return outcome
  return attempt(session, outcome.ticket, act)
}

async function boundProof(session, asked, prompt, show) {
  try {
    // What the server has put into words by itself is an intent; anything else gets its words with the binding.
    const intent = asked.summary ? asked : { lines: [], ...await session.api.bind(asked.scope, asked.authorizationDetails), ...asked }
    const check = await session.api.checkStepUp(intent.scope)
    if (!check.isRequired) return await show(intent)
    if (check.reason === 'cooling_down') return { kind: 'cooling-down', seconds: check.coolDownSeconds }
    if (check.credentials.length === 0) return { kind: 'no-method', scope: intent.scope }
    const { bindingId } = intent.bindingId ? intent : await session.api.bind(intent.scope, intent.authorizationDetails)
    return await prompt(intent.scope, check, { ...intent, bindingId })
  } catch (refusal) {
    if (refusal instanceof Refusal) return { kind: 'failed', refusal }
    throw refusal
  }
}

/** Like guarded, for a door that may open to the session alone: it is tried first. */
export async function guardedIfAsked(session, scope, prompt, act) {
  const banked = session.tokens.find(scope)
  const first = await attempt(session, banked, act)
  if (first.kind === 'done' || !first.refusal.isAboutToken) return first
  return guarded(session, scope, prompt, act)
}

/** The refusal of an answer that should have carried a token. */
export const noToken = () => new Refusal({ status: 200, code: 'no_token', path: '', message: 'The proof was right, but no token came with the answer.' })

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
    if (['expired', 'spent', 'superseded', 'disputed'].includes(refusal.reason)) tokens.kill(ticket, refusal.reason)
    return
  }
  if (refusal.own && refusal.status >= 400 && refusal.status < 500) tokens.giveBack(ticket)
}
