// What goes over the wire, as it goes: the fetch of this page, which tells of
// every request and its answer.

import { abbreviate } from './jwt.js'

const KEPT = 200
const ELEVATED = ['x-dyn-elevated-access-token', 'Elevated-Access-Token']
const TOKENS = [...ELEVATED, 'Authorization', 'x-mfa-auth-token']

/**
 * Tells "request" before and "answer" after each call, with {entry, elevated, answer}: what the log shows, the elevated
 * token that went along, and what came back. places names the servers, by what their addresses begin with.
 */
export class Wire extends EventTarget {
  log = [] // newest first; no whole token is in it
  places = {}

  fetch = async (url, init = {}) => {
    const headers = new Headers(init.headers)
    const [start, { name, own }] = Object.entries(this.places).find(([prefix]) => url.startsWith(prefix)) ?? ['', {}]
    const entry = {
      method: init.method ?? 'GET', path: [name, url.slice(start.length)].filter(Boolean).join(' '), own: own === true, at: new Date(), status: 0, requestId: '', code: '', times: 1,
      tokens: TOKENS.filter((token) => headers.has(token)).map((token) => ({ name: token, text: abbreviate(headers.get(token).replace(/^Bearer /, '')) })),
    }
    const elevated = ELEVATED.map((token) => headers.get(token)).find(Boolean)
    let answer = {}
    this.#tell('request', { entry, elevated, answer })
    try {
      const response = await fetch(url, init)
      answer = await response.clone().json().catch(() => ({}))
      entry.status = response.status
      entry.requestId = response.headers.get('X-Request-Id') ?? answer.requestId ?? answer.payload?.requestId ?? ''
      if (!response.ok) entry.code = answer.payload?.reason ?? answer.code ?? ''
      return response
    } catch (error) {
      entry.code = 'no answer'
      throw error
    } finally {
      this.#note(entry)
      this.#tell('answer', { entry, elevated, answer })
    }
  }

  // A call that asks how a login stands comes again and again, and is one line.
  #note(entry) {
    const last = this.log[0]
    if (entry.path.endsWith('/oauthResult') && last?.path === entry.path && last.status === entry.status) this.log[0] = { ...entry, times: last.times + 1 }
    else this.log.unshift(entry)
    this.log.length = Math.min(this.log.length, KEPT)
  }

  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }))
  }
}
