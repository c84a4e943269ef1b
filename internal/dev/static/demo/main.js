// Starts the page: reads the configuration, picks up a session, draws a view.

import { h, show } from './dom.js'
import { Session } from './session.js'
import { loginFailed, returnedLogin } from './social.js'
import { home, topbar } from './views/shell.js'
import { signInView } from './views/signin.js'

const app = document.getElementById('app')
const bar = document.getElementById('topbar')

async function start() {
  const config = await (await fetch('/demo/config.json')).json()
  if (config.environments.length === 0) {
    show(app, h('p', { class: 'card' }, 'This server has no environment yet.'))
    return
  }
  const login = returnedLogin()
  const session = begin(config, login?.environmentId)
  if (login) return draw(session, await finish(session, login))
  await session.resume()
  draw(session)
}

// Signs in with the login that the browser was sent back with.
async function finish(session, { provider, state, codeVerifier, code, error }) {
  try {
    if (!code) throw loginFailed(error)
    session.accept(await session.api.signInWithSocial(provider, { state, codeVerifier, code }))
    return {}
  } catch (refused) {
    return { refused }
  }
}

// Each sign-in gets its own Session object, so that nothing of the last user,
// not even a listener, reaches the next.
function begin(config, environmentId) {
  const session = new Session(config)
  if (environmentId) session.choose(environmentId)
  session.addEventListener('end', (event) => draw(begin(config, session.environment.id), { notice: event.detail }))
  return session
}

function draw(session, greeting = {}) {
  for (const dialog of document.querySelectorAll('dialog')) dialog.close()
  show(bar, topbar(session))
  show(app, session.isSignedIn
    ? home(session)
    : signInView(session, { ...greeting, onSignedIn: () => draw(session) }))
  window.scrollTo(0, 0)
}

start()
