// Small pieces every view uses.

import { h, show, uniqueId } from '../dom.js'
import { explain } from '../words.js'

/** A labelled input. Returns {row, input}. */
export function field(label, attributes, hint) {
  const id = uniqueId('field')
  const input = h('input', { id, ...attributes, ...(hint && { 'aria-describedby': `${id}-hint` }) })
  const row = h('div', { class: 'field' },
    h('label', { for: id }, label), input, hint && h('p', { class: 'hint', id: `${id}-hint` }, hint))
  return { row, input }
}

/** A button that is busy while its work runs, so nothing is sent twice by accident. */
export function button(label, run, attributes = {}) {
  const element = h('button', { type: 'button', class: 'button', onclick: () => busy(element, run), ...attributes }, label)
  return element
}

/** Copies text; label names it for those who hear the button. */
export function copyButton(text, label, shown = 'Copy') {
  const element = h('button', {
    type: 'button', class: 'button small', 'aria-label': `Copy the ${label}`,
    onclick: async () => {
      await navigator.clipboard.writeText(text)
      element.textContent = 'Copied'
      setTimeout(() => { element.textContent = shown }, 1500)
    },
  }, shown)
  return element
}

/** A form whose submit button is busy while run is at it. */
export function form(attributes, run, ...children) {
  const element = h('form', {
    novalidate: true,
    ...attributes,
    onsubmit: (event) => {
      event.preventDefault()
      if (element.reportValidity()) busy(element.querySelector('[type=submit]'), run)
    },
  }, ...children)
  return element
}

async function busy(element, run) {
  if (element.getAttribute('aria-busy') === 'true') return
  element.setAttribute('aria-busy', 'true')
  try {
    await run()
  } finally {
    element.removeAttribute('aria-busy')
  }
}

/** The place under an action where its outcome appears, read out when it changes. */
export function outcomePlace() {
  const place = h('div', { class: 'outcome', role: 'status' })
  const refused = (refusal) => show(place, refusalCard(refusal))
  const note = (...text) => show(place, h('p', { class: 'note' }, ...text))
  return {
    element: place,
    clear: () => show(place),
    good: (...text) => show(place, h('p', { class: 'good' }, ...text)),
    note,
    refused,
    bad: (...text) => show(place, h('p', { class: 'bad' }, ...text)),

    /** Runs work and shows what stopped it: an answer that said no, or something on this side that is none. Answers whether nothing did. */
    async run(work) {
      show(place)
      try {
        await work()
        return true
      } catch (error) {
        if (error.status) refused(error)
        else if (error.code) note(explain(error))
        else throw error // a mistake of this page
        return false
      }
    },
  }
}

/** What was refused, why, and under which request id to look it up. */
export function refusalCard(refusal) {
  const facts = [
    ['Status', refusal.status],
    ['Code', refusal.code],
    ['Reason', refusal.reason],
    ['Scope', refusal.scope],
    ['Methods', refusal.methods?.join(', ')],
    ['Request', refusal.requestId],
  ]
  return h('div', { class: 'refusal', 'data-code': refusal.code, 'data-reason': refusal.reason },
    h('p', { class: 'refusal-title' }, 'Refused', refusal.reason && h('span', { class: 'tag' }, refusal.reason.replaceAll('_', ' '))),
    h('p', {}, explain(refusal)),
    h('dl', { class: 'facts' }, facts.filter(([, value]) => value).map(([name, value]) =>
      h('div', {}, h('dt', {}, name), h('dd', {}, h('code', {}, breakable(String(value))))))))
}

// Long codes may break after an underscore, and copy without the break.
function breakable(text) {
  return text.split(/(?<=_)/).flatMap((part, i) => (i ? [h('wbr'), part] : part))
}

/** Shows why an action that ensure() was to run did not. Answers whether that is so. */
export function stopped(place, { outcome, error }) {
  if (outcome === 'cancelled') place.note(explain(error))
  if (outcome === 'unavailable') place.bad(explain(error))
  return error !== undefined
}
