// Builds elements. Data only ever becomes text or an attribute, never markup.

const SVG = 'http://www.w3.org/2000/svg'

/** h('p', {class: 'note'}, 'text', child) – falsy children are left out. */
export function h(tag, attributes = {}, ...children) {
  return fill(document.createElement(tag), attributes, children)
}

/** svg() is h() for drawings. */
export function svg(tag, attributes = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), attributes, children)
}

function fill(element, attributes, children) {
  for (const [name, value] of Object.entries(attributes)) {
    if (name.startsWith('on')) element.addEventListener(name.slice(2), value)
    else if (value === true) element.setAttribute(name, '')
    else if (value !== false && value != null) element.setAttribute(name, value)
  }
  element.append(...children.flat(Infinity).filter((child) => child || child === 0))
  return element
}

/** Replaces everything inside element. */
export function show(element, ...children) {
  element.replaceChildren(...children.flat(Infinity).filter(Boolean))
  return element
}

const ticking = new Set()

/** Calls update now and twice a second for as long as element is on the page. */
export function everyTick(element, update) {
  update()
  ticking.add({ element, update, seen: false })
  return element
}

setInterval(() => {
  for (const job of ticking) {
    if (job.element.isConnected) {
      job.seen = true
      job.update()
    } else if (job.seen) {
      ticking.delete(job)
    }
  }
}, 500)

let counter = 0

/** An id for pairing a label with its field. */
export function uniqueId(prefix) {
  counter += 1
  return `${prefix}-${counter}`
}
