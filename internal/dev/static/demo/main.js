// Starts the page: reads the configuration, picks up a session, draws a view.

import { h, show } from './dom.js'
import { Session } from './session.js'
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
  const session = begin(config)
  await session.resume()
  draw(session)
}

// Each sign-in gets its own Session object, so that nothing of the last user,
// not even a listener, reaches the next.
function begin(config, environmentId) {
  const session = new Session(config)
  if (environmentId) session.choose(environmentId)
  session.addEventListener('end', (event) => draw(begin(config, session.environment.id), event.detail))
  return session
}

function draw(session, notice = '') {
  for (const dialog of document.querySelectorAll('dialog')) dialog.close()
  show(bar, topbar(session))
  show(app, session.isSignedIn
    ? home(session)
    : signInView(session, { notice, onSignedIn: () => draw(session) }))
  window.scrollTo(0, 0)
}

start()
