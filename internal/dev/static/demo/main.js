// Starts the page: reads the configuration, picks up a session, draws a view.

import { completeSocialRedirect, detectSocialRedirectUrl, registerStepUpPrompt } from './stepup/client.js'
import { h, show } from './dom.js'
import { Session } from './session.js'
import { home, topbar } from './views/shell.js'
import { signInView } from './views/signin.js'
import { stepUpPrompt } from './views/prove.js'

const app = document.getElementById('app')
const bar = document.getElementById('topbar')

async function start() {
  const config = await (await fetch('/demo/config.json')).json()
  if (config.environments.length === 0) {
    show(app, h('p', { class: 'card' }, 'This server has no environment yet.'))
    return
  }
  registerStepUpPrompt({ prompt: (request) => stepUpPrompt(session, request) })
  begin(config)
  const url = location.href
  // Somebody else's way back, pasted here, is nobody's login.
  const refused = await detectSocialRedirectUrl({ url }) ? await completeSocialRedirect({ url }).then(() => null, (error) => error) : null
  if (new URL(url).searchParams.has('dynamicOauthState')) history.replaceState(null, '', location.pathname)
  await session.resume()
  draw({ refused })
}

// Each sign-in gets its own Session object, so that nothing of the last user,
// not even a listener, reaches the next.
let session

function begin(config, environmentId) {
  session = new Session(config, environmentId)
  session.addEventListener('end', (event) => {
    begin(config, session.environment.id)
    draw({ notice: event.detail })
  })
}

function draw(greeting = {}) {
  for (const dialog of document.querySelectorAll('dialog')) dialog.close()
  show(bar, topbar(session))
  show(app, session.isSignedIn ? home(session) : signInView(session, { ...greeting, onSignedIn: () => draw() }))
  window.scrollTo(0, 0)
}

start()
