// Passkeys: the browser's binary world and the wire's unpadded base64url.

import { Hitch } from './api.js'
import { fromBase64url, toBase64url } from './bytes.js'

/** Makes a passkey as the server's options ask. Answers what registration sends. */
export async function makePasskey(options) {
  const publicKey = {
    ...options,
    challenge: fromBase64url(options.challenge),
    user: { ...options.user, id: fromBase64url(options.user.id) },
    excludeCredentials: options.excludeCredentials.map(descriptor),
  }
  const made = await ask(() => navigator.credentials.create({ publicKey }), 'No passkey was made.')
  const { response } = made
  return {
    ...common(made),
    // Registration spells clientDataJson, authentication clientDataJSON. So does the published client.
    response: {
      clientDataJson: toBase64url(response.clientDataJSON),
      attestationObject: toBase64url(response.attestationObject),
      transports: response.getTransports?.() ?? [],
    },
  }
}

/** Has a passkey sign the server's challenge. */
export async function usePasskey(options) {
  const publicKey = { ...options, challenge: fromBase64url(options.challenge), allowCredentials: (options.allowCredentials ?? []).map(descriptor) }
  const used = await ask(() => navigator.credentials.get({ publicKey }), 'No passkey was used.')
  const { response } = used
  return {
    ...common(used),
    response: {
      clientDataJSON: toBase64url(response.clientDataJSON),
      authenticatorData: toBase64url(response.authenticatorData),
      signature: toBase64url(response.signature),
      ...(response.userHandle && { userHandle: toBase64url(response.userHandle) }),
    },
  }
}

function common(credential) {
  return {
    id: credential.id,
    rawId: toBase64url(credential.rawId),
    type: credential.type,
    ...(credential.authenticatorAttachment && { authenticatorAttachment: credential.authenticatorAttachment }),
    clientExtensionResults: credential.getClientExtensionResults(),
  }
}

function descriptor({ id, transports }) {
  return { type: 'public-key', id: fromBase64url(id), ...(transports?.length && { transports }) }
}

// The browser says little about why not, so that pages learn nothing of other accounts.
async function ask(prompt, otherwise) {
  if (!window.PublicKeyCredential) throw new Hitch('This browser has no passkeys here. They need https, or the name localhost.')
  try {
    return await prompt()
  } catch (error) {
    if (error.name === 'InvalidStateError') throw new Hitch('There is a passkey of yours on this device already.')
    throw new Hitch(`${otherwise} The prompt was closed, or nothing on this device fits.`)
  }
}
