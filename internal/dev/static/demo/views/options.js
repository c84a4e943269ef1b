// What the check lists, in words: default first, recovery codes last.

import { FORMATS, nameOf } from '../words.js'

/** The options of a check, each with a title, a detail and the user's own credential. */
export function optionsOf(session, check) {
  const options = check.credentials.map((credential) => {
    const own = session.user.verifiedCredentials.find((c) => c.id === credential.id) ?? {}
    const title = FORMATS[credential.format] ?? credential.format
    const name = nameOf({ ...own, alias: credential.alias })
    return { ...credential, own, title, detail: name === title ? '' : name }
  })
  options.sort((a, b) => Number(b.id === check.defaultCredentialId) - Number(a.id === check.defaultCredentialId))
  // The check of the published API knows no recovery codes. They stand in for a
  // second factor and for nothing else.
  if (options.some((o) => o.format === 'totp' || o.format === 'passkey')) {
    options.push({ format: 'recoveryCode', own: {}, title: FORMATS.recoveryCode, detail: 'One of those you wrote down' })
  }
  return options
}
